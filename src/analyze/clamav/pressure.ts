import type { ClamdAddress } from './address.ts';
import { askStats } from './stats.ts';
import { Turns } from './turns.ts';

/** An answer that takes longer makes us ask whether clamd has more to do than it can. */
const DOUBT_MS = 2000;
/** How often it is asked again as long as anything is to be judged. */
const ASK_EVERY_MS = 1000;
/** STATS waits in clamd's queue like everything else: the longer it takes, the more there is to hear. */
const STATS_MS = 30_000;

/**
 * How many streams clamd judges for us at a time: as many as it has threads, and one by one while others have filled
 * its queue. What has been sent is not held back here, only what would have to be judged next.
 */
export class Pressure {
  readonly #address: ClamdAddress;
  readonly #share: number;
  readonly #turns: Turns;
  readonly #askEveryMs: number;
  readonly #doubtMs: number;
  /** Those that are judged, and those that wait for it. */
  #wanted = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When STATS was last asked for, and last answered (monotonic, in ms; 0: never), with how many streams in the queue. */
  #askedAt = 0;
  #answeredAt = 0;
  #queued = 0;

  /** `share`: how many of its threads are ours; null: nobody knows, and nothing is held back. */
  constructor(
    address: ClamdAddress,
    share: number | null,
    { doubtMs = DOUBT_MS, askEveryMs = ASK_EVERY_MS } = {},
  ) {
    this.#address = address;
    this.#share = share ?? Infinity;
    this.#turns = new Turns(this.#share);
    this.#doubtMs = doubtMs;
    this.#askEveryMs = askEveryMs;
  }

  /** Has `judge` done when it is its turn; null when the signal comes before that. It has a deadline of its own. */
  async inTurn<T>(signal: AbortSignal, judge: () => Promise<T>): Promise<T | null> {
    this.#wanted++;
    this.#timer ??= this.#askIn(this.#doubtMs);
    try {
      if (!(await this.#turns.take(signal))) return null;
      try {
        return await judge();
      } finally {
        this.#turns.done();
      }
    } finally {
      this.#wanted--;
      if (this.#wanted === 0) this.#rest();
    }
  }

  /**
   * What STATS says of why a stream that was sent at `since` (monotonic, in ms) has no answer; null: it was not asked. While all
   * of its threads are busy clamd answers nothing at all, PING included (measured, 1.4.6): that is not told from a hang.
   */
  whyLate(since: number): string | null {
    if (this.#askedAt < since) return null;
    if (this.#answeredAt < since) {
      return 'STATS was not answered either: it hangs, or all of its threads were busy all the time';
    }
    return this.#queued > 0
      ? `it answered STATS meanwhile, and ${this.#queued} streams waited in its queue: it has more to do than it can`
      : 'it answered STATS meanwhile, and no stream waited in its queue: it hangs on this one, or takes longer for it';
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#turns.limit = this.#share;
  }

  #askIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.#ask(), ms).unref();
  }

  async #ask(): Promise<void> {
    const asked = this.#timer;
    this.#askedAt = performance.now();
    const stats = await askStats(this.#address, STATS_MS);
    if (stats !== null) {
      this.#answeredAt = performance.now();
      this.#queued = stats.queued;
    }
    if (this.#timer !== asked) return; // Everything was answered meanwhile.
    if (stats !== null) this.#turns.limit = stats.queued > 0 ? 1 : this.#share;
    this.#timer = this.#askIn(this.#askEveryMs);
  }
}
