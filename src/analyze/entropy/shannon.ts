/**
 * Shannon entropy in bits per byte (0 to 8) of a byte histogram; `total` is the sum of its counts. 0 for nothing.
 */
export function shannon(histogram: ArrayLike<number>, total: number): number {
  if (total <= 0) return 0;
  let bits = 0;
  for (let value = 0; value < histogram.length; value++) {
    const count = histogram[value] ?? 0;
    if (count > 0) bits -= (count / total) * Math.log2(count / total);
  }
  // Rounding may leave it a hair outside.
  return Math.min(8, Math.max(0, bits));
}
