import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../store/index.ts';
import type { SessionOptions } from '../store-session.ts';

/** A long scan gives others their turn this often … */
const SLICE_MS = 3000;
/** … and this long: whoever waits looks every 50 ms. */
const PAUSE_MS = 150;
/** Another `scan --apply` lets go every few seconds; a large file that it is moving takes its time. */
const WAIT_MS = 10 * 60_000;

/**
 * The store for one long run: opened when there is something to do, and let go of in between, so that two scans, or a
 * scan and a person with a command, take turns.
 */
export class StoreTurns {
  readonly #options: SessionOptions;
  #last: Promise<unknown> = Promise.resolve();
  #open: { readonly store: Store; readonly until: number } | null = null;
  #pausedUntil = 0;

  constructor(options: SessionOptions) {
    this.#options = { waitMs: WAIT_MS, ...options };
  }

  /** One after the other, whoever asks. */
  readonly inTurn = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    const mine = this.#last.then(async () => this.#run(work));
    this.#last = mine.catch(() => undefined); // Whoever asked for it hears of it.
    return mine;
  };

  async close(): Promise<void> {
    await this.#last;
    await this.#letGo();
  }

  async #run<T>(work: (store: Store) => Promise<T>): Promise<T> {
    if (this.#open === null) {
      const pause = this.#pausedUntil - performance.now();
      if (pause > 0) await sleep(pause);
      // Loaded here: most scans do without a store.
      const { openSession } = await import('../store-session.ts');
      this.#open = { store: await openSession(this.#options), until: performance.now() + SLICE_MS };
    }
    const { store, until } = this.#open;
    try {
      return await work(store);
    } finally {
      if (performance.now() > until) await this.#letGo();
    }
  }

  async #letGo(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.store.close();
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }
}
