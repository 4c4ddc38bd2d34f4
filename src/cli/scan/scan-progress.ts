import type { ScanState, Watcher } from '../../pipeline/index.ts';
import type { Progress } from '../progress.ts';

const REFRESH_MS = 100;

/** Brings the state of a running scan to the line of progress. */
export class ScanProgress implements Watcher {
  readonly #progress: Progress;
  #timer: NodeJS.Timeout | null = null;
  #filesDone = 0;
  #current: string | null = null;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  started({ state }: { readonly state: () => ScanState }): void {
    this.#timer = setInterval(() => {
      this.#progress.update({ ...state(), filesDone: this.#filesDone, current: this.#current });
    }, REFRESH_MS);
    this.#timer.unref();
  }

  finished(path: string): void {
    this.#filesDone++;
    this.#current = path;
  }

  passed(files: number): void {
    this.#filesDone += files;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#progress.stop();
  }
}
