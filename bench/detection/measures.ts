import { chiSquare } from '../../src/analyze/entropy/profile/chi-square.ts';
import { shannon } from '../../src/analyze/entropy/index.ts';

/** Rules that others use, on the same files. */
export interface Naive {
  /** Shannon entropy of the first 64 KiB above 6.5 bits per byte. */
  readonly head65: boolean;
  /** Of the whole above 7.2. */
  readonly whole72: boolean;
  /** Chi-square of the whole says uniform (p > 0.001: below 330.5 with 255 degrees of freedom). */
  readonly chi: boolean;
}

export function naive(bytes: Buffer): Naive {
  const head = countsOf(bytes.subarray(0, 65_536));
  const whole = countsOf(bytes);
  return {
    head65: shannon(head, Math.min(bytes.length, 65_536)) > 6.5,
    whole72: shannon(whole, bytes.length) > 7.2,
    chi: chiSquare(whole, bytes.length) < 330.5,
  };
}

function countsOf(bytes: Buffer): Float64Array {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  return counts;
}

/** Wilson's 95 % interval of `hits` of `of` (Wilson 1927). */
export function wilson(hits: number, of: number): readonly [low: number, high: number] {
  if (of === 0) return [0, 1];
  const z = 1.96;
  const share = hits / of;
  const middle = share + (z * z) / (2 * of);
  const width = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return [Math.max(0, (middle - width) / scale), Math.min(1, (middle + width) / scale)];
}
