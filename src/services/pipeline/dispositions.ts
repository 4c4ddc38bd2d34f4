import type { Breaker, Disposition, Places } from '../../dispose/index.ts';
import { BackupLensError, type Decision } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import { carryOut, type CarryOutOptions } from '../../pipeline/reviews/index.ts';
import type { Store, WatchedFile } from '../../store/index.ts';
import { shown } from './examination.ts';

export interface DispositionOptions {
  readonly store: Store;
  readonly places: Places;
  readonly log: Log;
  readonly who: string;
  readonly version: string;
  readonly breaker: Breaker;
  /** Something else stands there: it is to be met again. */
  readonly look: (path: Buffer) => void;
}

/** Decided files that are taken up together. */
const BATCH = 64;
/** Copies under way at once: each reads and writes one file in whole. */
const AT_ONCE = 4;

/** Carries out what was decided, however often it was interrupted. */
export class Dispositions {
  readonly #options: DispositionOptions;
  readonly #underWay = new Map<
    string,
    { readonly decision: Decision | null; readonly done: Promise<Disposition> }
  >();
  #round: Promise<void> | null = null;
  #asked = false;
  #stopped = false;

  constructor(options: DispositionOptions) {
    this.#options = options;
  }

  /** There is something decided. */
  wake(): void {
    this.#asked = true;
    if (this.#stopped || this.#round !== null) return;
    this.#round = this.#rounds().finally(() => {
      this.#round = null;
    });
  }

  /** What is under way comes to its end; nothing else is begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#round;
    await Promise.allSettled(this.#going());
  }

  async #rounds(): Promise<void> {
    const { store, log } = this.#options;
    while (this.#asked && !this.#stopped) {
      this.#asked = false;
      try {
        for (;;) {
          const files = await store.files.decided(BATCH);
          if (files.length === 0 || this.#stopped) break;
          await this.#all(files);
        }
      } catch (error) {
        // The store cannot be written, or a folder not be trusted: what was decided is taken up when somebody asks again.
        log.error('dispositions could not be carried out', { untrusted: { error } });
        return;
      }
    }
  }

  /** At once. The same that is under way already is waited for, and nothing is done twice; so is what was decided before. */
  readonly now = async ({ id, decision }: WatchedFile): Promise<Disposition> => {
    for (let going = this.#underWay.get(id); going !== undefined; going = this.#underWay.get(id)) {
      if (going.decision === decision) return going.done;
      // It was held, and is answered before the last step of that.
      await going.done.catch(() => undefined);
    }
    const done = this.#one(id).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, { decision, done });
    return done;
  };

  #going(): Promise<Disposition>[] {
    return [...this.#underWay.values()].map(({ done }) => done);
  }

  async #all(files: readonly WatchedFile[]): Promise<void> {
    for (const file of files) {
      if (this.#stopped) break;
      while (this.#underWay.size >= AT_ONCE) await Promise.race(this.#going());
      this.now(file).catch(() => undefined); // Heard below.
    }
    const ended = await Promise.allSettled(this.#going());
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #one(id: string): Promise<Disposition> {
    const { store, log, look } = this.#options;
    const file = await store.files.get(id);
    if (file === null) throw new BackupLensError('BL_STORE', `there is no file ${id} in the store`);
    // Who asked may have seen it before somebody else was done with it.
    if (file.state !== 'decided') return carryOut(store, file, this.#means);
    const done = await carryOut(store, file, this.#means);
    // Whatever is left undone waits until it is tried again, and is not taken up again in this round.
    const left = await store.files.get(id);
    if (left?.state === 'decided' && left.decision === file.decision)
      await store.files.pend(id, done.detail ?? 'it could not be carried out');
    const untrusted = { path: shown(file.path), location: done.location, detail: done.detail };
    const facts = { file: file.id, decision: file.decision, action: done.action, untrusted };
    if (done.action === 'failed') {
      log.warn('not disposed of as decided', facts);
      look(Buffer.from(file.path));
    } else log.info('disposed of', facts);
    return done;
  }

  get #means(): CarryOutOptions {
    const { places, who, version, breaker } = this.#options;
    return { places, who, toolVersion: version, breaker, joined: 'let_go' };
  }
}
