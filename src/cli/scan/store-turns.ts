import { setTimeout as sleep } from 'node:timers/promises';
import { BackupLensError } from '../../domain/index.ts';
import type { Store } from '../../store/index.ts';
import type { SessionOptions } from '../store-session.ts';

/** A long scan gives others their turn this often … */
const SLICE_MS = 3000;
/** … and this long: whoever waits looks every 50 ms. */
const PAUSE_MS = 150;
/** Another `scan --apply` lets go every few seconds, any other command when it is done. */
const WAIT_MS = 60_000;
const POLL_MS = 50;
/** A service that is just starting has the store before it says that it is there. */
const LOOK_FOR_SERVICE_MS = 1000;

export interface TurnOptions extends Omit<SessionOptions, 'waitMs'> {
  /** Aborted: nobody waits any longer for a store that another one holds. */
  readonly signal: AbortSignal;
  /** Told once: who holds the store, in words. */
  readonly onWait: (who: string) => void;
}

/**
 * The store for one long run: opened when there is something to do, and let go of in between, so that two scans, or a
 * scan and a person with a command, take turns.
 */
export class StoreTurns {
  readonly #options: TurnOptions;
  #last: Promise<unknown> = Promise.resolve();
  #open: { readonly store: Store; readonly until: number } | null = null;
  #pausedUntil = 0;
  #hasTold = false;

  constructor(options: TurnOptions) {
    this.#options = options;
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
      this.#open = { store: await this.#take(), until: performance.now() + SLICE_MS };
    }
    const { store, until } = this.#open;
    try {
      return await work(store);
    } finally {
      if (performance.now() > until) await this.#letGo();
    }
  }

  /** Waits for another command; a service does not let go, and is not waited for. */
  async #take(): Promise<Store> {
    const { signal, onWait, ...session } = this.#options;
    // Loaded here: most scans do without a store.
    const { openSession } = await import('../store-session.ts');
    const deadline = performance.now() + WAIT_MS;
    for (let lookAt = 0; ;) {
      try {
        return await openSession({ ...session, waitMs: 0 });
      } catch (error) {
        if (!(error instanceof BackupLensError) || error.code !== 'BL_STORE_LOCKED') throw error;
        if (signal.aborted) throw error;
        if (performance.now() >= lookAt) {
          const { findService } = await import('../service-client.ts');
          if ((await findService(session.folders.dataDir)) !== null)
            throw besideService(error, session.folders.incomingDir);
          lookAt = performance.now() + LOOK_FOR_SERVICE_MS;
        }
        if (performance.now() >= deadline) throw error;
        if (!this.#hasTold) onWait(error.message);
        this.#hasTold = true;
      }
      // An abort ends the sleep, and is seen above.
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #letGo(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.store.close();
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }
}

function besideService(cause: BackupLensError, incomingDir: string): BackupLensError {
  return new BackupLensError('BL_STORE_LOCKED', cause.message, {
    hint: `let the service do it: put the file into INCOMING_DIR (${incomingDir}), or upload it; or stop the service first. Without --apply, scan works beside it`,
    cause,
  });
}
