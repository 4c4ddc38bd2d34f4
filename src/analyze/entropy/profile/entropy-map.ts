import { writeEntropyMap, type EntropyStretch } from '../../../domain/index.ts';

/** Cells kept at most; when they are full, every two become one. */
const MAX_CELLS = 128;
/** Stretches of the map. */
const SHOWN = 64;

/**
 * The entropy along an artifact, in bounded memory: one cell stands for a number of blocks that doubles whenever there
 * are too many. Of a block it takes the collision entropy (Rényi's of order 2), which is at most Shannon's and costs
 * nothing, as the sum of the squared counts is there already; without the bias of short blocks.
 */
export class EntropyMap {
  readonly #least = new Float64Array(MAX_CELLS).fill(8);
  readonly #sum = new Float64Array(MAX_CELLS);
  readonly #most = new Float64Array(MAX_CELLS);
  #perCell = 1;
  #blocks = 0;

  /** A block of `bytes` (at least two), and the sum of the squares of how often each value occurs in it. */
  add(squares: number, bytes: number): void {
    if (this.#blocks === MAX_CELLS * this.#perCell) this.#halve();
    const cell = Math.floor(this.#blocks / this.#perCell);
    const bits = Math.min(8, -Math.log2((squares - bytes) / (bytes * (bytes - 1))));
    this.#least[cell] = Math.min(this.#least[cell] ?? 8, bits);
    this.#sum[cell] = (this.#sum[cell] ?? 0) + bits;
    this.#most[cell] = Math.max(this.#most[cell] ?? 0, bits);
    this.#blocks++;
  }

  /** As domain/entropy-map.ts writes it; empty where there was no block. */
  written(): string {
    const cells = Math.ceil(this.#blocks / this.#perCell);
    const step = Math.max(1, Math.ceil(cells / SHOWN));
    const stretches: EntropyStretch[] = [];
    for (let cell = 0; cell < cells; cell += step) {
      const blocks = Math.min(step * this.#perCell, this.#blocks - cell * this.#perCell);
      stretches.push({
        least: Math.min(...this.#least.subarray(cell, cell + step)),
        mean: this.#sum.subarray(cell, cell + step).reduce((sum, one) => sum + one, 0) / blocks,
        most: Math.max(...this.#most.subarray(cell, cell + step)),
      });
    }
    return writeEntropyMap(stretches);
  }

  #halve(): void {
    for (let cell = 0; cell < MAX_CELLS / 2; cell++) {
      const [first, second] = [2 * cell, 2 * cell + 1];
      this.#least[cell] = Math.min(this.#least[first] ?? 8, this.#least[second] ?? 8);
      this.#sum[cell] = (this.#sum[first] ?? 0) + (this.#sum[second] ?? 0);
      this.#most[cell] = Math.max(this.#most[first] ?? 0, this.#most[second] ?? 0);
    }
    this.#least.fill(8, MAX_CELLS / 2);
    this.#sum.fill(0, MAX_CELLS / 2);
    this.#most.fill(0, MAX_CELLS / 2);
    this.#perCell *= 2;
  }
}
