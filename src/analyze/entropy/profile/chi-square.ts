import { UNIFORM } from '../thresholds.ts';

const VALUES = 256;

/** Pearson's chi-square of `total` bytes against the uniform distribution, from the sum of their squared counts. */
export function chiSquareOf(squares: number, total: number): number {
  return total === 0 ? 0 : (VALUES * squares) / total - total;
}

/** The same from counts of any number of equally likely symbols. */
export function chiSquare(counts: ArrayLike<number>, total: number): number {
  if (total === 0) return 0;
  let squares = 0;
  for (let value = 0; value < counts.length; value++) squares += (counts[value] ?? 0) ** 2;
  return (counts.length * squares) / total - total;
}

/** What a cipher's output, and little else, looks like: neither uneven nor too even. */
export function isUniform(chi: number): boolean {
  return chi >= UNIFORM.low && chi <= UNIFORM.high;
}
