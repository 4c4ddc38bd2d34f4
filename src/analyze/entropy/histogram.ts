const VALUES = 256;
/** Four tables in turn: with one, runs of equal bytes wait for their own last store. */
const LANES = 4;
/** Counts are 32 bits wide; they are moved into the sums long before one can overflow. */
const FOLD_BYTES = 2 ** 30;

/** Counts bytes of any number, exactly up to 2^53. */
export class Histogram {
  readonly #lanes = new Uint32Array(VALUES * LANES);
  readonly #sums = new Float64Array(VALUES);
  readonly #foldBytes: number;
  #pending = 0;
  #total = 0;

  /** `foldBytes` is for tests: how many bytes may be counted before the sums take over. */
  constructor(foldBytes: number = FOLD_BYTES) {
    this.#foldBytes = foldBytes;
  }

  /** Bytes counted. */
  get total(): number {
    return this.#total;
  }

  /** Counts `chunk` and keeps no reference to it. */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + this.#foldBytes - this.#pending);
      count(piece, this.#lanes);
      at += piece.length;
      this.#pending += piece.length;
      if (this.#pending >= this.#foldBytes) this.#fold();
    }
    this.#total += chunk.length;
  }

  /** How often each of the 256 values was counted. */
  counts(): Float64Array {
    this.#fold();
    return this.#sums;
  }

  #fold(): void {
    for (let i = 0; i < this.#lanes.length; i++) {
      const value = i & (VALUES - 1);
      this.#sums[value] = (this.#sums[value] ?? 0) + (this.#lanes[i] ?? 0);
    }
    this.#lanes.fill(0);
    this.#pending = 0;
  }
}

/*
 * The hot loop: every byte of every artifact goes through it. Indices are within both arrays by construction
 * (`at` < length, lanes hold 4 x 256), the fallbacks only satisfy the type checker and cost nothing measurable.
 */
function count(bytes: Uint8Array, lanes: Uint32Array): void {
  const { length } = bytes;
  const fours = length & ~3;
  let at = 0;
  for (; at < fours; at += 4) {
    const a = bytes[at] ?? 0;
    const b = (bytes[at + 1] ?? 0) | 256;
    const c = (bytes[at + 2] ?? 0) | 512;
    const d = (bytes[at + 3] ?? 0) | 768;
    lanes[a] = (lanes[a] ?? 0) + 1;
    lanes[b] = (lanes[b] ?? 0) + 1;
    lanes[c] = (lanes[c] ?? 0) + 1;
    lanes[d] = (lanes[d] ?? 0) + 1;
  }
  for (; at < length; at++) {
    const value = bytes[at] ?? 0;
    lanes[value] = (lanes[value] ?? 0) + 1;
  }
}
