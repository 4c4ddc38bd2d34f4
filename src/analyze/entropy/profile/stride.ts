import { APART_DEVIATIONS, BESIDE_STRIDE, BLOCK_BYTES, LEAST_STRIDE_BYTES, UNIFORM } from '../thresholds.ts';
import { LANES, type Counted } from './block-counter.ts';
import { chiSquareOf, isUniform } from './chi-square.ts';

const VALUES = 256;

/** Which of the four groups of 16 within 64 bytes are taken together, and how that is said. */
const PATTERNS: readonly (readonly [lanes: readonly number[], words: string])[] = [
  [[0, 2], '16 of every 32 bytes'],
  [[1, 3], '16 of every 32 bytes, from the 16th on'],
  [[0, 1], '32 of every 64 bytes'],
  [[2, 3], '32 of every 64 bytes, from the 32nd on'],
  [[0], '16 of every 64 bytes'],
  [[1], '16 of every 64 bytes, from the 16th on'],
  [[2], '16 of every 64 bytes, from the 32nd on'],
  [[3], '16 of every 64 bytes, from the 48th on'],
];

/** One pattern, and in how many blocks it was seen. */
export interface Stride {
  readonly words: string;
  readonly blocks: number;
  /** Of all blocks that could have shown one. */
  readonly of: number;
}

/** Looks in every block for bytes that are noise at some places within 64, and structured at the others. */
export class Strides {
  readonly #seen = PATTERNS.map(() => 0);
  #blocks = 0;

  /** A block that is neither noise nor blank. */
  add(block: Counted): void {
    const { laneBytes, laneSquares } = block;
    if (block.bytes < 2 * LEAST_STRIDE_BYTES) return;
    this.#blocks++;
    const single = laneSquares.map((squares, lane) => isUniform(chiSquareOf(squares, laneBytes[lane] ?? 0)));
    // Without a uniform lane there is no pattern: nearly all end here.
    if (!single.includes(true)) return;
    const beside = UNIFORM.high + ((BESIDE_STRIDE - UNIFORM.high) * block.bytes) / BLOCK_BYTES;
    for (const [index, [pattern]] of PATTERNS.entries()) {
      const others = [0, 1, 2, 3].filter((lane) => !pattern.includes(lane));
      if (!pattern.every((lane) => single[lane] === true) || others.some((lane) => single[lane] === true))
        continue;
      const noise = together(block, pattern);
      if (noise.bytes < LEAST_STRIDE_BYTES || !isUniform(noise.chi)) continue;
      const rest = together(block, others);
      if (rest.chi > beside && isApart(noise, rest)) this.#seen[index] = (this.#seen[index] ?? 0) + 1;
    }
  }

  /** The pattern seen most often; null when none was. */
  best(): Stride | null {
    const blocks = Math.max(...this.#seen);
    if (blocks === 0) return null;
    return { words: PATTERNS[this.#seen.indexOf(blocks)]?.[1] ?? '', blocks, of: this.#blocks };
  }
}

interface Part {
  readonly chi: number;
  readonly bytes: number;
}

/** In degrees of freedom: what the chi-square of noise is on average. */
const OF_NOISE = VALUES - 1;

/**
 * Whether the noise would be none if it were like the rest, only less of it. What exceeds 255 in chi-square grows with the number
 * of bytes; its variance is 2 (255 + 2 × excess) (noncentral chi-square distribution).
 */
function isApart(noise: Part, rest: Part): boolean {
  const excess = ((rest.chi - OF_NOISE) * noise.bytes) / rest.bytes;
  return OF_NOISE + excess - noise.chi > APART_DEVIATIONS * Math.sqrt(2 * (OF_NOISE + 2 * excess));
}

function together({ lanes, laneBytes }: Counted, which: readonly number[]): Part {
  let squares = 0;
  let bytes = 0;
  for (const lane of which) bytes += laneBytes[lane] ?? 0;
  for (let value = 0; value < VALUES; value++) {
    let count = 0;
    for (const lane of which) count += lanes[lane * VALUES + value] ?? 0;
    squares += count * count;
  }
  return { chi: chiSquareOf(squares, bytes), bytes };
}

/** The patterns above are made for as many. */
LANES satisfies 4;
