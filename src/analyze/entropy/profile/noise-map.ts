/** Cells kept at most; when they are full, every two become one. */
const MAX_CELLS = 128;
/** Characters of the picture. */
const SHOWN = 64;

/**
 * Which parts of an artifact look like a cipher's output, in bounded memory: one cell stands for a number of blocks that
 * doubles whenever there are too many.
 */
export class NoiseMap {
  readonly #noisy = new Uint32Array(MAX_CELLS);
  #perCell = 1;
  #blocks = 0;

  add(isNoise: boolean): void {
    if (this.#blocks === MAX_CELLS * this.#perCell) this.#halve();
    const cell = Math.floor(this.#blocks / this.#perCell);
    if (isNoise) this.#noisy[cell] = (this.#noisy[cell] ?? 0) + 1;
    this.#blocks++;
  }

  /** From the beginning to the end: `#` all noise, `+` more than half, `-` some, `.` none. */
  picture(): string {
    const cells = Math.ceil(this.#blocks / this.#perCell);
    const step = Math.max(1, Math.ceil(cells / SHOWN));
    let picture = '';
    for (let cell = 0; cell < cells; cell += step) {
      const blocks = Math.min(step * this.#perCell, this.#blocks - cell * this.#perCell);
      const noisy = this.#noisy.subarray(cell, cell + step).reduce((sum, one) => sum + one, 0);
      picture += noisy === 0 ? '.' : noisy === blocks ? '#' : noisy * 2 > blocks ? '+' : '-';
    }
    return picture;
  }

  #halve(): void {
    for (let cell = 0; cell < MAX_CELLS / 2; cell++) {
      this.#noisy[cell] = (this.#noisy[2 * cell] ?? 0) + (this.#noisy[2 * cell + 1] ?? 0);
    }
    this.#noisy.fill(0, MAX_CELLS / 2);
    this.#perCell *= 2;
  }
}
