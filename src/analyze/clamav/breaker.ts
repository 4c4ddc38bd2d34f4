/** How many failures in a row open it, and for how long. */
export interface BreakerLimits {
  readonly failures: number;
  readonly pause_ms: number;
}

/** Spares the next ten thousand artifacts the wait that the last ones had in vain. */
export class Breaker {
  readonly #limits: BreakerLimits;
  readonly #now: () => number;
  #failures = 0;
  #why = '';
  #closedAgainAt = 0;

  /** `now` is monotonic, in milliseconds. */
  constructor(limits: BreakerLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Why nothing may be tried now; null: try. After the pause one caller may try, the others wait another pause. */
  blocked(): string | null {
    if (this.#failures < this.#limits.failures) return null;
    if (this.#now() < this.#closedAgainAt) return this.#why;
    this.#closedAgainAt = this.#now() + this.#limits.pause_ms;
    return null;
  }

  failed(why: string): void {
    this.#failures++;
    this.#why = why;
    this.#closedAgainAt = this.#now() + this.#limits.pause_ms;
  }

  worked(): void {
    this.#failures = 0;
  }
}
