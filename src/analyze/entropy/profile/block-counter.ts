import { GROUP_BYTES } from '../thresholds.ts';

const VALUES = 256;
/** Groups of 16 bytes are counted apart by their place within 64: enough for every period of 32 and 64 bytes. */
export const LANES = 4;
const STRIDE = GROUP_BYTES * LANES;

/** One block, counted. Valid until the next. */
export interface Counted {
  readonly bytes: number;
  /** How often each value occurs. */
  readonly counts: Uint32Array;
  /** Sum of the squared counts. */
  readonly squares: number;
  /** Counts lane after lane, and of each lane the bytes and the sum of the squared counts. */
  readonly lanes: Uint32Array;
  readonly laneBytes: readonly number[];
  readonly laneSquares: readonly number[];
}

/** Counts blocks. No byte is looked at twice: block, lanes and the whole are sums of the same counters. */
export class BlockCounter {
  readonly #lanes = new Uint32Array(VALUES * LANES);
  readonly #counts = new Uint32Array(VALUES);
  readonly #whole = new Float64Array(VALUES);
  readonly #laneBytes = [0, 0, 0, 0];
  readonly #laneSquares = [0, 0, 0, 0];
  #total = 0;

  /** Bytes counted. */
  get total(): number {
    return this.#total;
  }

  /** How often each value occurs in all blocks; exact up to 2^53. */
  get whole(): Float64Array {
    return this.#whole;
  }

  /** Counts the `length` bytes at `at`. */
  block(bytes: Uint8Array, at: number, length: number): Counted {
    this.#lanes.fill(0);
    countInLanes(bytes, at, length, this.#lanes);
    const squares = this.#fold();
    const rest = length % STRIDE;
    for (let lane = 0; lane < LANES; lane++) {
      const more = Math.min(GROUP_BYTES, Math.max(0, rest - lane * GROUP_BYTES));
      this.#laneBytes[lane] = (length - rest) / LANES + more;
    }
    this.#total += length;
    return {
      bytes: length,
      counts: this.#counts,
      squares,
      lanes: this.#lanes,
      laneBytes: this.#laneBytes,
      laneSquares: this.#laneSquares,
    };
  }

  #fold(): number {
    const lanes = this.#lanes;
    const counts = this.#counts;
    const whole = this.#whole;
    let squares = 0;
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    for (let value = 0; value < VALUES; value++) {
      const a = lanes[value] ?? 0;
      const b = lanes[value | 256] ?? 0;
      const c = lanes[value | 512] ?? 0;
      const d = lanes[value | 768] ?? 0;
      first += a * a;
      second += b * b;
      third += c * c;
      fourth += d * d;
      const sum = a + b + c + d;
      counts[value] = sum;
      whole[value] = (whole[value] ?? 0) + sum;
      squares += sum * sum;
    }
    this.#laneSquares[0] = first;
    this.#laneSquares[1] = second;
    this.#laneSquares[2] = third;
    this.#laneSquares[3] = fourth;
    return squares;
  }
}

/*
 * The hot loop: every byte of every artifact goes through it. Four bytes at a time, 16 apart, each into a lane of its
 * own: runs of equal bytes do not wait for their own last store. Indices are within the arrays by construction; the
 * fallbacks only satisfy the type checker and cost nothing measurable.
 */
function countInLanes(bytes: Uint8Array, from: number, length: number, lanes: Uint32Array): void {
  const end = from + length;
  let at = from;
  for (; at + STRIDE <= end; at += STRIDE) {
    for (let i = at; i < at + GROUP_BYTES; i++) {
      const a = bytes[i] ?? 0;
      const b = (bytes[i + 16] ?? 0) | 256;
      const c = (bytes[i + 32] ?? 0) | 512;
      const d = (bytes[i + 48] ?? 0) | 768;
      lanes[a] = (lanes[a] ?? 0) + 1;
      lanes[b] = (lanes[b] ?? 0) + 1;
      lanes[c] = (lanes[c] ?? 0) + 1;
      lanes[d] = (lanes[d] ?? 0) + 1;
    }
  }
  for (let i = at; i < end; i++) {
    const slot = (bytes[i] ?? 0) | ((((i - at) / GROUP_BYTES) & 3) << 8);
    lanes[slot] = (lanes[slot] ?? 0) + 1;
  }
}
