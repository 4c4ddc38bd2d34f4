/** Spares the next ten thousand artifacts the wait that the last one had in vain. */
export class Breaker {
  readonly #pauseMs: number;
  readonly #now: () => number;
  #why: string | null = null;
  #closedAgainAt = 0;

  /** `now` is monotonic, in milliseconds. */
  constructor(pauseMs: number, now: () => number = () => performance.now()) {
    this.#pauseMs = pauseMs;
    this.#now = now;
  }

  /** Why nothing may be tried now; null: try. After the pause one caller may try, the others wait another pause. */
  blocked(): string | null {
    if (this.#why === null) return null;
    if (this.#now() < this.#closedAgainAt) return this.#why;
    this.#closedAgainAt = this.#now() + this.#pauseMs;
    return null;
  }

  failed(why: string): void {
    this.#why = why;
    this.#closedAgainAt = this.#now() + this.#pauseMs;
  }

  worked(): void {
    this.#why = null;
  }
}
