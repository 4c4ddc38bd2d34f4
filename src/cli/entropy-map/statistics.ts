import { Bins } from './bins.ts';

/** Up to so many samples are kept, and everything is exact: 8 MB. */
const EXACT_SAMPLES = 1_000_000;
/** Beyond, samples are counted in cells of this many bits; half of it is how far a percentile can be off. */
const CELL_BITS = 0.001;
const CELLS = 8 / CELL_BITS + 1;
const FIRST_ROOM = 1024;

/** What is known of a sequence of entropies. Memory is bounded: 8 MB of samples, then 64 KB of counts. */
export class Statistics {
  readonly #threshold: number;
  readonly #exactSamples: number;
  #samples: Float64Array | null = new Float64Array(FIRST_ROOM);
  #cells: Float64Array | null = null;
  #bins: Bins | null = null;
  #count = 0;
  #above = 0;
  #min = Infinity;
  #max = -Infinity;
  /** Neumaier's sum: the error does not grow with the number of samples. */
  #sum = 0;
  #lost = 0;

  /** `exactSamples` is for tests. */
  constructor(threshold: number, exactSamples: number = EXACT_SAMPLES) {
    this.#threshold = threshold;
    this.#exactSamples = exactSamples;
  }

  get count(): number {
    return this.#count;
  }
  /** How many lie above the threshold. */
  get above(): number {
    return this.#above;
  }
  get min(): number {
    return this.#min;
  }
  get max(): number {
    return this.#max;
  }
  get mean(): number {
    return (this.#sum + this.#lost) / this.#count;
  }

  add(bits: number): void {
    if (this.#samples !== null && this.#count === this.#exactSamples) this.#condense(this.#samples);
    if (this.#samples === null) this.#tally(bits);
    else this.#keep(this.#samples, bits);
    this.#count++;
    if (bits > this.#threshold) this.#above++;
    if (bits < this.#min) this.#min = bits;
    if (bits > this.#max) this.#max = bits;
    const sum = this.#sum + bits;
    this.#lost += this.#sum >= bits ? this.#sum - sum + bits : bits - sum + this.#sum;
    this.#sum = sum;
  }

  /** The nearest rank: the smallest sample that at least this share of all samples does not exceed. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (this.#samples !== null) {
      return this.#samples.subarray(0, this.#count).toSorted()[rank - 1] ?? Number.NaN;
    }
    let seen = 0;
    for (const [cell, count] of (this.#cells ?? []).entries()) {
      seen += count;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, cell * CELL_BITS));
    }
    return this.#max;
  }

  /** Counts in bins of half a bit from the minimum; null when they need a second look at the samples. */
  bins(): Bins | null {
    if (this.#samples === null) return this.#bins;
    const bins = new Bins(this.#min);
    for (let at = 0; at < this.#count; at++) bins.add(this.#samples[at] ?? 0);
    return bins;
  }

  #keep(samples: Float64Array, bits: number): void {
    if (this.#count < samples.length) {
      samples[this.#count] = bits;
      return;
    }
    const larger = new Float64Array(Math.min(samples.length * 2, this.#exactSamples));
    larger.set(samples);
    larger[this.#count] = bits;
    this.#samples = larger;
  }

  #condense(samples: Float64Array): void {
    this.#cells = new Float64Array(CELLS);
    this.#bins = new Bins(this.#min);
    this.#samples = null;
    for (const bits of samples.subarray(0, this.#count)) this.#tally(bits);
  }

  /** A minimum that comes later moves every bin: from then on nobody knows what was in them. */
  #tally(bits: number): void {
    const cells = this.#cells;
    if (cells === null) return;
    const cell = Math.round(bits / CELL_BITS);
    cells[cell] = (cells[cell] ?? 0) + 1;
    if (bits < this.#min) this.#bins = null;
    this.#bins?.add(bits);
  }
}
