import { chiSquare, isUniform } from './chi-square.ts';
import { EDGE_BYTES, EDGE_STRUCTURED } from '../thresholds.ts';

/**
 * What a block looks like. `noise`: as a cipher's output; `structured`: surely not; `blank`: one value only;
 * `mixed`: between noise and structure, as compressed data is.
 */
export type Look = 'noise' | 'structured' | 'blank' | 'mixed';

/** Runs of noise among other blocks. */
export interface Runs {
  readonly count: number;
  /** Runs that begin and end exactly at block borders, next to structure (or the file's ends; at most one of both). */
  readonly sharp: number;
  /** Changes between noise and structure at exactly a block's border, and those that are not. */
  readonly sharpEdges: number;
  readonly blurredEdges: number;
  /** Blocks of the run that the artifact begins with, and whether it ends sharply. */
  readonly first: number;
  readonly firstIsSharp: boolean;
  /** Blocks of the run that the artifact ends with, and whether it begins sharply. */
  readonly last: number;
  readonly lastIsSharp: boolean;
  /** Blocks of the longest run, and of the longest that is sharp. */
  readonly longest: number;
  readonly longestSharp: number;
}

/** Counts runs as blocks go by. What is encrypted block by block changes at borders; what is compressed does not keep to them. */
export class NoiseRuns {
  #count = 0;
  #sharp = 0;
  #sharpEdges = 0;
  #blurredEdges = 0;
  #first = 0;
  #firstIsSharp = false;
  #longest = 0;
  #longestSharp = 0;
  #length = 0;
  /** How the present run began. */
  #began: 'start' | 'sharp' | 'other' = 'other';
  #blocks = 0;
  #before: Look = 'blank';
  /** The last bytes of the block before. */
  readonly #tail = new Uint8Array(EDGE_BYTES);
  readonly #counts = new Uint32Array(256);

  /** The next full block: its bytes lie in `bytes` at `at`. */
  add(look: Look, bytes: Uint8Array, at: number, length: number): void {
    if (look === 'noise') {
      if (this.#length === 0) this.#begin(bytes, at);
      this.#length++;
    } else if (this.#length > 0) this.#end(this.#edge(look, bytes, at));
    this.#before = look;
    this.#blocks++;
    const from = Math.max(at, at + length - EDGE_BYTES);
    this.#tail.set(bytes.subarray(from, at + length));
  }

  /** After the last block. */
  close(): Runs {
    const last = this.#length;
    const lastIsSharp = last > 0 && this.#began === 'sharp';
    if (last > 0) this.#end(this.#began === 'start' ? 'other' : 'start');
    return {
      last,
      lastIsSharp,
      count: this.#count,
      sharp: this.#sharp,
      sharpEdges: this.#sharpEdges,
      blurredEdges: this.#blurredEdges,
      first: this.#first,
      firstIsSharp: this.#firstIsSharp,
      longest: this.#longest,
      longestSharp: this.#longestSharp,
    };
  }

  #begin(bytes: Uint8Array, at: number): void {
    if (this.#blocks === 0) this.#began = 'start';
    else this.#began = this.#edge(this.#before, bytes, at) === 'sharp' ? 'sharp' : 'other';
  }

  #end(edge: 'start' | 'sharp' | 'other'): void {
    this.#count++;
    const sharp = this.#began !== 'other' && edge !== 'other';
    if (sharp) {
      this.#sharp++;
      this.#longestSharp = Math.max(this.#longestSharp, this.#length);
    }
    if (this.#began === 'start') {
      this.#first = this.#length;
      this.#firstIsSharp = edge === 'sharp';
    }
    this.#longest = Math.max(this.#longest, this.#length);
    this.#length = 0;
  }

  /** The border between the block before and the one that begins at `at`; `other` is how the one that is no noise looks. */
  #edge(other: Look, bytes: Uint8Array, at: number): 'sharp' | 'other' {
    if (other === 'mixed') return 'other';
    const before = this.#chi(this.#tail, 0);
    const after = this.#chi(bytes, at);
    const sharp =
      (isUniform(before) && after > EDGE_STRUCTURED) || (isUniform(after) && before > EDGE_STRUCTURED);
    if (sharp) this.#sharpEdges++;
    else this.#blurredEdges++;
    return sharp ? 'sharp' : 'other';
  }

  #chi(bytes: Uint8Array, at: number): number {
    this.#counts.fill(0);
    const end = Math.min(bytes.length, at + EDGE_BYTES);
    for (let i = at; i < end; i++) {
      const value = bytes[i] ?? 0;
      this.#counts[value] = (this.#counts[value] ?? 0) + 1;
    }
    return chiSquare(this.#counts, end - at);
  }
}
