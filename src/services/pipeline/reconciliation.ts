import { lstat } from 'node:fs/promises';
import type { Log } from '../../observe/index.ts';
import type { FileState, Store, WatchedFile } from '../../store/index.ts';
import { shown } from './examination.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface ReconciliationOptions {
  readonly store: Store;
  readonly log: Log;
  readonly metrics: ServiceMetrics;
  readonly signal: AbortSignal;
}

const PAGE = 500;

/** Whether everything is where the store says; what is not is told once. */
export class Reconciliation {
  readonly #options: ReconciliationOptions;
  readonly #missing = new Set<string>();

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /**
   * Compares store and disk: a file that we took and that is not where the store says is lost, which must never be. One that
   * its owner took away from its own place is gone.
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const states: readonly FileState[] = [
      'quarantined',
      'held',
      'released',
      'in_place',
      'provisional',
      'disposition_pending',
    ] as const;
    let after: string | undefined;
    for (;;) {
      const page = await this.#options.store.files.list({
        states,
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const file of page) {
        if (signal.aborted) return;
        await this.#compare(file);
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE) return;
    }
  }

  async #compare(file: WatchedFile): Promise<void> {
    const { store, log, metrics } = this.#options;
    const there = await isThere(Buffer.from(file.location ?? file.path));
    if (there !== false) return;
    if (file.location === null) {
      await store.files.lose(file.id, 'gone');
      return;
    }
    // What is released is the owner's again: taking it is what it was released for.
    const now = await store.files.get(file.id);
    if (file.state === 'released' || now?.state !== file.state || this.#missing.has(file.id)) return;
    this.#missing.add(file.id);
    metrics.lost();
    const untrusted = { path: shown(file.path), location: shown(file.location) };
    log.error('a file is not where the store says', { file: file.id, state: file.state, untrusted });
  }
}

/** null: nobody can tell (a right is missing, a mount is away). */
async function isThere(path: Buffer): Promise<boolean | null> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? false : null;
  }
}
