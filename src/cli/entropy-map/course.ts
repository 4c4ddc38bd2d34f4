/** As wide as a picture has columns; memory does not grow with the file. */
const MOST_CELLS = 480;

export interface Cell {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** How entropy runs along a file: the samples that fall into each of at most 480 pieces of equal length. */
export class Course {
  /** In bytes. */
  readonly size: number;
  readonly #width: number;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #sum: Float64Array;
  readonly #count: Float64Array;

  /** A piece is never smaller than `least` bytes. */
  constructor(size: number, least: number) {
    const cells = Math.max(1, Math.min(MOST_CELLS, Math.ceil(size / least)));
    this.size = size;
    this.#width = size / cells;
    this.#min = new Float64Array(cells).fill(Infinity);
    this.#max = new Float64Array(cells).fill(-Infinity);
    this.#sum = new Float64Array(cells);
    this.#count = new Float64Array(cells);
  }

  /** A long sample is seen in every piece that it touches. */
  add(bits: number, start: number, end: number): void {
    const last = Math.min(this.#count.length - 1, Math.floor((end - 1) / this.#width));
    for (let cell = Math.min(last, Math.floor(start / this.#width)); cell <= last; cell++) {
      this.#min[cell] = Math.min(this.#min[cell] ?? bits, bits);
      this.#max[cell] = Math.max(this.#max[cell] ?? bits, bits);
      this.#sum[cell] = (this.#sum[cell] ?? 0) + bits;
      this.#count[cell] = (this.#count[cell] ?? 0) + 1;
    }
  }

  /** In order; null where no sample lies (empty lines). */
  cells(): readonly (Cell | null)[] {
    return Array.from(this.#count, (count, cell) =>
      count === 0
        ? null
        : { min: this.#min[cell] ?? 0, max: this.#max[cell] ?? 0, mean: (this.#sum[cell] ?? 0) / count },
    );
  }
}
