import { Damaged } from '../trouble.ts';
import { END_OF_CHAIN, NO_SECTOR } from './header.ts';

/** A stretch of the file, [start, end) in bytes. */
export interface Run {
  start: number;
  end: number;
}

/** Chains of sectors of one size. Who owns each sector is kept, so a loop and a shared sector are seen at once. */
export class Chains {
  /** Sectors that a second chain ran through as well. */
  shared = 0;
  readonly #next: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #sectorBytes: number;
  readonly #positionOf: (sector: number) => number | null;
  /** What each pass over a chain was for: the same stream may be read again. */
  readonly #reasons: string[] = [''];

  /** `next` holds each sector's successor; `positionOf` says where a sector lies in the file, null: nowhere. */
  constructor(next: Uint32Array, sectorBytes: number, positionOf: (sector: number) => number | null) {
    this.#next = next;
    this.#owners = new Uint32Array(next.length);
    this.#sectorBytes = sectorBytes;
    this.#positionOf = positionOf;
  }

  /**
   * The stretches of the chain from `start`, neighbours joined, `size` bytes in all (Infinity: to the chain's end).
   * At most one for each sector. `reason` is whatever tells one stream from another. Throws Damaged where the chain loops, leaves the file or ends too early.
   */
  *runs(start: number, size: number, reason: string): Generator<Run, void, undefined> {
    const owner = this.#reasons.push(reason) - 1;
    let run: Run | null = null;
    let left = size;
    let sector = start;
    let trouble: string | null = null;
    while (left > 0) {
      if (sector === END_OF_CHAIN) {
        if (left !== Infinity) trouble = `the chain of sectors ends ${left} bytes too early`;
        break;
      }
      const position: number | null = this.#positionOf(sector);
      if (position === null || sector >= this.#next.length) {
        trouble = 'the chain of sectors leads out of the file';
        break;
      }
      const before = this.#owners[sector] ?? 0;
      if (before === owner) {
        trouble = 'the chain of sectors runs in a circle';
        break;
      }
      if (before !== 0 && this.#reasons[before] !== reason) this.shared++;
      this.#owners[sector] = owner;
      const count = Math.min(left, this.#sectorBytes);
      if (run !== null && run.end === position) run.end += count;
      else {
        if (run !== null) yield run;
        run = { start: position, end: position + count };
      }
      left -= count;
      sector = this.#next[sector] ?? NO_SECTOR;
    }
    if (run !== null) yield run;
    if (trouble !== null) throw new Damaged(trouble);
  }
}
