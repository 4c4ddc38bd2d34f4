export interface Bin {
  /** Bits per byte; the upper border belongs to the next bin, or to this one if it is the last. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const BIN_BITS = 0.5;
/** A byte has no more. */
const MAX_BITS = 8;
/** From 0 to 8, and one for what lies exactly on the last border. */
const MOST = MAX_BITS / BIN_BITS + 1;

/** Counts samples in bins of half a bit from the smallest one. */
export class Bins {
  readonly #min: number;
  readonly #counts = new Float64Array(MOST);

  /** No sample may be smaller than `min`. */
  constructor(min: number) {
    this.#min = min;
  }

  add(bits: number): void {
    const bin = Math.floor((bits - this.#min) / BIN_BITS);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
  }

  /** As many as reach `max`, at least one. */
  upTo(max: number): readonly Bin[] {
    const bins = Math.max(1, Math.ceil((max - this.#min) / BIN_BITS));
    return Array.from({ length: bins }, (_, bin) => ({
      from: this.#min + bin * BIN_BITS,
      to: Math.min(MAX_BITS, this.#min + (bin + 1) * BIN_BITS),
      count: (this.#counts[bin] ?? 0) + (bin === bins - 1 ? (this.#counts[bins] ?? 0) : 0),
    }));
  }
}
