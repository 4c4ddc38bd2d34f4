import { BlockCounter, type Counted } from './block-counter.ts';
import { chiSquare, chiSquareOf, isUniform } from './chi-square.ts';
import { EntropyMap } from './entropy-map.ts';
import { NoiseMap } from './noise-map.ts';
import { NoiseRuns, type Look, type Runs } from './noise-runs.ts';
import { Strides, type Stride } from './stride.ts';
import { BLOCK_BYTES, LEAST_BLOCK_BYTES, STRUCTURED, UNIFORM } from '../thresholds.ts';

const VALUES = 256;

/** What an artifact looks like, block by block. */
export interface Profile {
  readonly bytes: number;
  /** How often each value occurs, over all bytes. */
  readonly counts: Float64Array;
  /** Chi-square of all bytes against the uniform distribution. */
  readonly chi: number;
  /** Blocks by their look; the last may be short. */
  readonly blocks: Readonly<Record<Look, number>>;
  /** Chi-square of all blocks that look like noise, taken together: stays near 255 only for a cipher's. */
  readonly noiseChi: number;
  readonly noiseBytes: number;
  readonly runs: Runs;
  readonly stride: Stride | null;
  readonly map: string;
  /** As domain/entropy-map.ts writes it. */
  readonly entropyMap: string;
}

/** Reads an artifact once, in chunks of any size, in constant memory (about 16 KiB). */
export class Profiler {
  readonly #counter = new BlockCounter();
  readonly #runs = new NoiseRuns();
  readonly #strides = new Strides();
  readonly #map = new NoiseMap();
  readonly #entropyMap = new EntropyMap();
  readonly #blocks: Record<Look, number> = { noise: 0, structured: 0, blank: 0, mixed: 0 };
  readonly #noise = new Float64Array(VALUES);
  #noiseBytes = 0;
  /** The beginning of a block whose end is in the next chunk. */
  readonly #part = new Uint8Array(BLOCK_BYTES);
  #held = 0;

  /** Keeps no reference to `chunk`. */
  add(chunk: Uint8Array): void {
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(chunk.length, BLOCK_BYTES - this.#held);
      this.#part.set(chunk.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < BLOCK_BYTES) return;
      this.#block(this.#part, 0, BLOCK_BYTES);
      this.#held = 0;
    }
    for (; at + BLOCK_BYTES <= chunk.length; at += BLOCK_BYTES) this.#block(chunk, at, BLOCK_BYTES);
    if (at < chunk.length) {
      this.#part.set(chunk.subarray(at), 0);
      this.#held = chunk.length - at;
    }
  }

  close(): Profile {
    if (this.#held > 0) this.#block(this.#part, 0, this.#held);
    this.#held = 0;
    const { whole, total } = this.#counter;
    return {
      bytes: total,
      counts: whole,
      chi: chiSquare(whole, total),
      blocks: this.#blocks,
      noiseChi: chiSquare(this.#noise, this.#noiseBytes),
      noiseBytes: this.#noiseBytes,
      runs: this.#runs.close(),
      stride: this.#strides.best(),
      map: this.#map.picture(),
      entropyMap: this.#entropyMap.written(),
    };
  }

  #block(bytes: Uint8Array, at: number, length: number): void {
    const counted = this.#counter.block(bytes, at, length);
    if (length >= LEAST_BLOCK_BYTES) this.#look(counted, bytes, at);
  }

  #look(counted: Counted, bytes: Uint8Array, at: number): void {
    const { squares, bytes: length } = counted;
    const chi = chiSquareOf(squares, length);
    const look = lookOf(chi, squares, length);
    this.#blocks[look]++;
    if (look === 'noise') {
      for (let value = 0; value < VALUES; value++) {
        this.#noise[value] = (this.#noise[value] ?? 0) + (counted.counts[value] ?? 0);
      }
      this.#noiseBytes += length;
    }
    if (look === 'structured' || look === 'mixed') this.#strides.add(counted);
    this.#runs.add(look, bytes, at, length);
    this.#map.add(look === 'noise');
    this.#entropyMap.add(squares, length);
  }
}

function lookOf(chi: number, squares: number, bytes: number): Look {
  if (squares === bytes * bytes) return 'blank';
  if (isUniform(chi)) return 'noise';
  // For short blocks chi-square of structure is smaller in proportion.
  const structured = UNIFORM.high + ((STRUCTURED - UNIFORM.high) * bytes) / BLOCK_BYTES;
  return chi > structured || chi < UNIFORM.low ? 'structured' : 'mixed';
}
