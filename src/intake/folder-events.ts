import { watch, type FSWatcher } from 'node:fs';

/**
 * Tells that something happened somewhere below a folder. Only ever a reason to look: events get lost (inotify's queue
 * overflows, its watches are limited, network file systems have none), so nothing is read from them.
 */
export class FolderEvents {
  readonly #limit: number;
  readonly #happened: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #entered = new Set<string>();
  #full = false;

  /** At most `limit` folders are watched; the first ones that a sweep enters. */
  constructor(limit: number, happened: () => void) {
    this.#limit = limit;
    this.#happened = happened;
  }

  /** A sweep enters this folder. */
  entered(path: Buffer): void {
    const key = path.toString('latin1');
    if (this.#entered.size >= this.#limit) return;
    this.#entered.add(key);
    if (this.#watchers.has(key) || this.#full) return;
    try {
      const watcher = watch(path, { persistent: false }, () => this.#happened());
      // A folder that goes away, or a limit of the system: the sweep does without.
      watcher.on('error', () => this.#close(key));
      this.#watchers.set(key, watcher);
    } catch {
      this.#full = true; // ENOSPC or EMFILE: the sweep does without.
    }
  }

  /** The sweep is over: what it did not enter is no longer watched. */
  endSweep(): void {
    for (const key of this.#watchers.keys()) if (!this.#entered.has(key)) this.#close(key);
    this.#entered = new Set();
    this.#full = false;
  }

  close(): void {
    for (const key of this.#watchers.keys()) this.#close(key);
  }

  #close(key: string): void {
    this.#watchers.get(key)?.close();
    this.#watchers.delete(key);
  }
}
