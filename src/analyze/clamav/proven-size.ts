import { sendCanary } from './canary.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { SignOfLife } from './sign-of-life.ts';
import type { ClamdTimeouts } from './timeouts.ts';

const MIB = 1024 * 1024;

/** What every clamd looks at: nobody sets a limit below, and a canary of its own for each file would cost more than it. */
export const SMALL_BYTES = 64 * 1024;

/**
 * Sizes that a canary can prove, in bytes. Debian's clamd.conf stops at 25 MiB, clamd itself at 100 MiB (clamd.conf(5):
 * MaxFileSize, StreamMaxLength); one of half a GiB costs clamd 2.5 s of CPU.
 */
export const SIZE_RUNGS = [SMALL_BYTES, MIB, 25 * MIB, 100 * MIB, 256 * MIB, 512 * MIB] as const;

/** For streams whose size nobody knows: what the most careful of the usual configurations takes. */
const USUAL_BYTES = 25 * MIB;

/** Where no canary can prove anything. Below the limits that anybody delivers (Debian: 25 MiB). */
const UNPROVEN_WINDOW_BYTES = 20 * MIB;

/** Padding is matched at about 200 MB/s (measured, clamd 1.4.6); a busy clamd gets ten times as long. */
const MS_PER_MIB = 50;

/**
 * How long a stream may be so that clamd is known to look at all of it: no command reveals its limits, and beyond
 * them it says OK (FACTS). A canary behind so many zeros shows it, when something that large comes for the first time.
 */
export class ProvenSize {
  readonly #canary: Buffer | null;
  readonly #pool: ConnectionPool;
  readonly #life: SignOfLife;
  readonly #timeouts: ClamdTimeouts;
  #proven = 0;
  /** The smallest rung at which the canary was not found. */
  #missedAt = Infinity;
  #asking: Promise<unknown> = Promise.resolve();

  /** `canary`: bytes that this clamd's database names; null when none is known. */
  constructor(canary: Buffer | null, pool: ConnectionPool, life: SignOfLife, timeouts: ClamdTimeouts) {
    this.#canary = canary;
    this.#pool = pool;
    this.#life = life;
    this.#timeouts = timeouts;
  }

  /** How many bytes of an artifact of `bytes` bytes (null: nobody knows) may go into one stream. Never rejects. */
  async window(bytes: number | null): Promise<number> {
    if (this.#canary === null) return UNPROVEN_WINDOW_BYTES;
    // Its signature may be bound to the file's beginning: then nothing can be proven in this way.
    return (await this.prove(bytes ?? USUAL_BYTES)) || UNPROVEN_WINDOW_BYTES;
  }

  /** Proves as much as `wanted` bytes need, where that can be proven; resolves to what is proven by now. */
  async prove(wanted: number): Promise<number> {
    const canary = this.#canary;
    if (canary === null) return 0;
    // One after another: the next one may need no more than the last one proved.
    const asked = this.#asking.then(() => this.#climb(wanted, canary));
    this.#asking = asked;
    await asked;
    return this.#proven;
  }

  /** In bytes; 0: nothing yet. */
  get proven(): number {
    return this.#proven;
  }

  /** It is another clamd now, or the same one with other settings. */
  forget(): void {
    this.#proven = 0;
    this.#missedAt = Infinity;
  }

  /** From the smallest rung that would do downwards, until one is proven. */
  async #climb(wanted: number, canary: Buffer): Promise<void> {
    const first = SIZE_RUNGS.findIndex((rung) => rung >= wanted);
    for (const rung of SIZE_RUNGS.slice(0, first === -1 ? SIZE_RUNGS.length : first + 1).toReversed()) {
      if (rung <= this.#proven) return;
      if (rung >= this.#missedAt) continue;
      const sighting = await this.#prove(rung, canary);
      if (sighting === 'failed') return;
      if (sighting === 'found') this.#proven = rung;
      else this.#missedAt = rung;
    }
  }

  async #prove(rung: number, canary: Buffer): Promise<'found' | 'missed' | 'failed'> {
    const connection = await this.#pool.open();
    if ('refused' in connection) return 'failed';
    const { stall_ms, reply_ms } = this.#timeouts;
    const deadlines = { stall_ms, reply_ms: reply_ms + Math.ceil(rung / MIB) * MS_PER_MIB };
    const sighting = await sendCanary(connection, canary, rung, deadlines);
    if (sighting.kind === 'failed' && sighting.late) this.#life.missed();
    if (sighting.kind === 'found') this.#pool.giveBack(connection);
    else this.#pool.drop(connection);
    return sighting.kind;
  }
}
