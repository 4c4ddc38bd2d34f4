export interface BreakerTimes {
  /** How long an engine that is away is not asked again: the first time, and at most. */
  readonly awayMs: number;
  readonly longestAwayMs: number;
}

/** Connections that broke, in a row; one that was refused is enough. */
const MANY_FAILURES = 3;

/**
 * Keeps artifacts from waiting one after the other for an engine that is not there: after a failure nothing is asked
 * for a while, then one question is let through, and by how that goes all the others are, or the while doubles.
 */
export class Breaker<Reply> {
  readonly #times: BreakerTimes;
  #open: { readonly reply: Reply; readonly until: number } | null = null;
  #trial = false;
  #failures = 0;
  #awayMs: number;

  constructor(times: BreakerTimes) {
    this.#times = times;
    this.#awayMs = times.awayMs;
  }

  /** What to answer without asking; null: ask, and then say how it went. */
  refuses(): Reply | null {
    if (this.#open === null) return null;
    if (this.#trial || performance.now() < this.#open.until) return this.#open.reply;
    this.#trial = true;
    return null;
  }

  /** It is there, whatever it said. */
  answered(): void {
    this.#open = null;
    this.#trial = false;
    this.#failures = 0;
    this.#awayMs = this.#times.awayMs;
  }

  /** `reply`: what is answered while it is away. `refused`: nobody listens there. */
  failed(reply: Reply, refused: boolean): void {
    this.#failures++;
    // What was on its way when it opened says nothing new.
    if (this.#open !== null && !this.#trial) return;
    if (!this.#trial && !refused && this.#failures < MANY_FAILURES) return;
    if (this.#trial) this.#awayMs = Math.min(this.#times.longestAwayMs, 2 * this.#awayMs);
    this.#trial = false;
    this.#open = { reply, until: performance.now() + this.#awayMs };
  }
}
