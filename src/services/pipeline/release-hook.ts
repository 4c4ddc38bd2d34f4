import { setTimeout as sleep } from 'node:timers/promises';
import { openManagedFolder, readAtMost, unlessMissing, writeWhole, type Folder } from '../../bytes/index.ts';
import { assertHook, runHook, type Hook } from '../../dispose/index.ts';
import type { JournalRecord } from '../../domain/index.ts';
import type { Log } from '../../observe/index.ts';
import type { Store } from '../../store/index.ts';

const CURSOR_NAME = 'release-hook.cursor';
const MAX_CURSOR_BYTES = 64;
const POLL_MS = 1000;
const PAGE = 100;

/**
 * Tells a program of every approval, in the journal's order and at least once: the cursor moves on when the program has ended,
 * so that one that was under way in a crash is told again, with the same event id (ATTACKS B12). A provisional approval has no
 * such record until it is confirmed.
 */
export class ReleaseHook {
  readonly #hook: Hook;
  readonly #store: Store;
  readonly #log: Log;
  readonly #folder: Folder;
  #cursor: number;

  private constructor(hook: Hook, store: Store, log: Log, folder: Folder, cursor: number) {
    this.#hook = hook;
    this.#store = store;
    this.#log = log;
    this.#folder = folder;
    this.#cursor = cursor;
  }

  /** Begins with what comes from now on, where there was no hook before. Throws BL_CONFIG for one that cannot be run. */
  static async open(hook: Hook, dataDir: string, store: Store, log: Log): Promise<ReleaseHook> {
    await assertHook(hook);
    const folder = await openManagedFolder(dataDir, 'make');
    const kept = await unlessMissing(readAtMost(folder.at(CURSOR_NAME), MAX_CURSOR_BYTES));
    const cursor = kept === null ? (await store.journal.head()).seq : Number(kept.toString());
    const told = new ReleaseHook(hook, store, log, folder, Number.isSafeInteger(cursor) ? cursor : 0);
    await told.#moveOn(told.#cursor);
    return told;
  }

  /** Until the signal is aborted; what is told just then comes to its end. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const records = await this.#store.journal.read({ after: this.#cursor, limit: PAGE });
        for (const record of records) {
          if (signal.aborted) break;
          if (['released', 'left_in_place'].includes(record.action)) await this.#tell(record);
          await this.#moveOn(record.seq);
        }
        if (records.length === PAGE) continue;
      } catch (error) {
        this.#log.error('the release hook cannot go on', { untrusted: { error } });
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#folder.close();
  }

  async #tell({ file: id, hash, sha256, decision }: JournalRecord): Promise<void> {
    const file = id === null ? null : await this.#store.files.get(id);
    // What was replaced or taken since is not what was approved.
    if (file === null || !['released', 'in_place'].includes(file.state)) return;
    const path = Buffer.from(file.location ?? file.path);
    const event = { path, sha256: sha256 ?? '', decision: decision ?? 'auto_approve', eventId: hash };
    const { ok, detail } = await runHook(this.#hook, event);
    const facts = { file: file.id, event: hash, untrusted: { detail } };
    if (ok) this.#log.info('release hook told', facts);
    else this.#log.error('the release hook failed', facts);
  }

  async #moveOn(seq: number): Promise<void> {
    this.#cursor = seq;
    await writeWhole(this.#folder, CURSOR_NAME, `${seq}\n`);
  }
}
