/** The timer looks this often, in ms; a limit is kept to within this. */
const TICK_MS = 250;

/** Time that a container's own work took: it stands still while the examiners are at work. */
export class ActiveTime {
  readonly #timer: NodeJS.Timeout;
  #total = 0;
  #since: number | null = performance.now();

  /** Calls `spent` once the limit is reached. */
  constructor(limitMs: number, spent: () => void) {
    const tick = Math.max(5, Math.min(TICK_MS, limitMs / 4));
    this.#timer = setInterval(() => {
      if (this.elapsed <= limitMs) return;
      this.stop();
      spent();
    }, tick);
    this.#timer.unref();
  }

  get elapsed(): number {
    return this.#total + (this.#since === null ? 0 : performance.now() - this.#since);
  }

  pause(): void {
    this.#total = this.elapsed;
    this.#since = null;
  }

  resume(): void {
    this.#since ??= performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
