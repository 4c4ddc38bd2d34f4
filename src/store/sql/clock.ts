import type { ClockCheck } from '../store.ts';
import { read, write, type Context } from './context.ts';
import { append } from './journal.ts';
import { put, setting } from './settings.ts';

const DAY_MS = 86_400_000;
/** After this much steady running, a clock that was far ahead when we started is believed: we had been away. */
const STEADY_MS = 3_600_000;

/**
 * Watches the wall clock for jumps of more than a day. While the process runs, it is compared with the monotonic
 * clock; at its start, with the latest instant in the store. A clock behind that stays distrusted; one ahead of it
 * may only mean that nobody was running, and is believed after an hour.
 */
export class ClockWatch {
  readonly #context: Context;
  #last: { readonly wall: number; readonly steady: number };
  #isFirst = true;
  #distrustedUntil = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#last = { wall: context.now().getTime(), steady: context.monotonicMs() };
  }

  async check(): Promise<ClockCheck> {
    const { now: clock, monotonicMs } = this.#context;
    const now = clock();
    const steady = monotonicMs();
    const highest = await read(this.#context, (db) => setting(db, 'highest_seen'));
    const highestMs = highest === null ? now.getTime() : Date.parse(highest);
    const leapt = this.#leap(now.getTime(), steady, highestMs);
    const wasTrusted = steady >= this.#distrustedUntil;
    if (leapt) this.#distrustedUntil = steady + STEADY_MS;
    this.#last = { wall: now.getTime(), steady };
    const isBehind = now.getTime() < highestMs - DAY_MS;
    const jumped = isBehind || steady < this.#distrustedUntil;
    const instant = now.toISOString();
    await write(this.#context, async (trx) => {
      if (leapt && wasTrusted) {
        const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
        const detail = `the latest instant seen before was ${highest ?? 'none'}`;
        await append(trx, {
          action: 'clock_jumped',
          time: instant,
          who: this.#context.who,
          ...nothing,
          detail,
        });
      } else if (!jumped && highest !== null && instant > highest) await put(trx, 'highest_seen', instant);
    });
    return { now: instant, highest_seen: highest ?? instant, jumped };
  }

  #leap(wall: number, steady: number, highest: number): boolean {
    const wasAway = this.#isFirst && Math.abs(this.#last.wall - highest) > DAY_MS;
    this.#isFirst = false;
    const expected = this.#last.wall + (steady - this.#last.steady);
    return wasAway || Math.abs(wall - expected) > DAY_MS;
  }
}
