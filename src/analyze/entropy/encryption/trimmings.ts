import { chiSquare, isUniform } from '../profile/chi-square.ts';

/** In bytes: what is put before or behind a file that was encrypted (keys of RSA-4096, markers, names). */
const TRIMMINGS = [0, 16, 64, 128, 256, 512, 1024, 2048];

/**
 * All of a small file is uniform, but for zeros at its end and a few bytes before or behind, no more than there is noise; `least`:
 * in bytes, of noise.
 */
export function noiseBetween(whole: Buffer, least: number): boolean {
  let end = whole.length;
  while (end > 0 && whole[end - 1] === 0) end--;
  return TRIMMINGS.some(
    (cut) =>
      isNoise(whole, 0, end - cut, Math.max(least, cut)) ||
      (cut > 0 && isNoise(whole, cut, end, Math.max(least, cut))),
  );
}

/** [from, to) of `bytes`, of which there are `least`, is uniform. */
export function isNoise(bytes: Buffer, from: number, to: number, least: number): boolean {
  if (to - from < least) return false;
  const counts = new Uint32Array(256);
  for (const byte of bytes.subarray(from, to)) counts[byte] = (counts[byte] ?? 0) + 1;
  return isUniform(chiSquare(counts, to - from));
}
