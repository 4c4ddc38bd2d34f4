import { setTimeout as sleep } from 'node:timers/promises';
import type { FileResult } from '../../contracts/index.ts';
import type { Log } from '../../observe/index.ts';
import { LANES, type Lane, type Store, type Work } from '../../store/index.ts';
import type { Examination } from './examination.ts';
import { shown } from './examination.ts';

export interface DispatchOptions {
  readonly store: Store;
  readonly examination: Examination;
  readonly log: Log;
  /** Each result, once it is recorded. */
  readonly scanned: (result: FileResult) => void;
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Something is decided. */
  readonly decided: () => void;
  /** Something else stands there: it is to be met again. */
  readonly look: (path: Buffer) => void;
  /** False: nothing new is begun (no room on a disk). */
  readonly open: () => boolean;
}

const LEASE_MS = 120_000;
const RENEW_MS = 30_000;
/** The store is asked at least this often, whatever is heard. */
const POLL_MS = 2000;
const RETRY_MS = 1000;
/** Small files of one worker that are taken up at a time: it has no more under way than worker-process.ts says. */
const SMALL_PER_WORKER = 4;
/** What was decided before takes at most this share of the workers (ATTACKS D3). */
const RESCAN_SHARE = 0.25;

/** Takes files from the store to the examination, lane by lane, and records what comes of each. */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #limits: Readonly<Record<Lane, number>>;
  readonly #going = new Map<string, { readonly lane: Lane; readonly done: Promise<void> }>();
  #wake: (() => void) | null = null;
  #asked = false;
  #suspects = true;

  constructor(options: DispatchOptions) {
    this.#options = options;
    const { workers } = options;
    this.#limits = {
      fresh: workers * SMALL_PER_WORKER,
      // One worker is always left for small files.
      large: Math.max(1, workers - 1),
      rescan: Math.max(1, Math.floor(workers * RESCAN_SHARE)),
    };
  }

  /** There may be something to do. */
  wake(): void {
    this.#asked = true;
    this.#wake?.();
  }

  get busy(): number {
    return this.#going.size;
  }

  /** Until the signal is aborted; then resolves when everything under way has come to its end or was handed back. */
  async run(): Promise<void> {
    const { signal, log, open } = this.#options;
    const renewal = setInterval(() => void this.#renew(), RENEW_MS);
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        this.#asked = false;
        try {
          if (open()) await this.#fill();
        } catch (error) {
          log.error('no work could be taken from the store', { untrusted: { error } });
          await this.#pause(RETRY_MS);
        }
        if (!this.#asked && !signal.aborted) await this.#pause(POLL_MS);
      }
      await Promise.all([...this.#going.values()].map(({ done }) => done));
    } finally {
      signal.removeEventListener('abort', stop);
      clearInterval(renewal);
    }
  }

  async #fill(): Promise<void> {
    const { store, signal } = this.#options;
    // What was in flight when the service died runs by itself, before anything else: only so its attempts tell something.
    while (this.#suspects && !signal.aborted) {
      if (this.#going.size > 0) return;
      const work = await store.files.takeAlone(LEASE_MS);
      if (work === null) this.#suspects = false;
      else {
        this.#begin(work, work.lane, true);
        await this.#going.get(work.lease)?.done;
      }
    }
    for (const lane of LANES) {
      const limit = this.#limits[lane] - this.#under(lane);
      if (limit <= 0 || signal.aborted) continue;
      for (const work of await store.files.take({ lane, limit, leaseMs: LEASE_MS }))
        this.#begin(work, lane, false);
    }
  }

  #under(lane: Lane): number {
    return [...this.#going.values()].filter((one) => one.lane === lane).length;
  }

  #begin(work: Work, lane: Lane, alone: boolean): void {
    const done = this.#one(work, alone).finally(() => {
      this.#going.delete(work.lease);
      this.wake();
    });
    this.#going.set(work.lease, { lane, done });
  }

  /** Never rejects. */
  async #one(work: Work, alone: boolean): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#examine(work, alone);
    } catch (error) {
      log.error('a file could not be examined or recorded', {
        file: work.id,
        untrusted: { path: shown(work.path), error },
      });
      // If this fails as well, the lease runs out, and it is taken up again.
      await this.#options.store.files.handBack(work.lease).catch(() => undefined);
      await sleep(RETRY_MS);
    }
  }

  async #examine(work: Work, alone: boolean): Promise<void> {
    const { store, examination, log, scanned, decided, look } = this.#options;
    const examined = await examination.examine(work, alone);
    const untrusted = { path: shown(work.path) };
    if (examined.type === 'ended') {
      await store.files.handBack(work.lease);
    } else if (examined.type === 'lost') {
      await store.files.lose(work.id, examined.state);
      log.info('a file was gone before it could be examined', {
        file: work.id,
        state: examined.state,
        untrusted,
      });
      if (examined.state === 'superseded') look(Buffer.from(work.path));
    } else if (examined.type === 'files') {
      // Rows of their own, so that each is moved and recorded by itself; what is not reached is met again with the folder.
      for (const { path, identity, scan } of examined.files) {
        const sighting = { path, identity, share: path, lane: work.lane, never_settled: false };
        await store.files.recordAt(sighting, scan);
        scanned(scan.result);
      }
      await store.files.divide(work.lease, examined.scan);
      log.info('a folder was decided as one', { file: work.id, files: examined.files.length, untrusted });
      decided();
    } else {
      const { result } = examined.scan;
      const { scan, state } = await store.files.record(work.lease, examined.scan);
      scanned(result);
      const { decision, verdict, score, provisional, duration_ms } = result;
      log.info('scanned', {
        file: work.id,
        scan,
        decision,
        verdict,
        score,
        provisional,
        state,
        duration_ms,
        untrusted,
      });
      if (state === 'decided') decided();
    }
  }

  async #renew(): Promise<void> {
    try {
      const lost = await this.#options.store.files.renew([...this.#going.keys()], LEASE_MS);
      if (lost.length > 0) this.#options.log.warn('leases had run out', { leases: lost.length });
    } catch (error) {
      this.#options.log.error('leases could not be renewed', { untrusted: { error } });
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}
