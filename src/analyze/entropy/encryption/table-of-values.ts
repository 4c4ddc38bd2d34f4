/** Of all steps from one byte to the next. Computed: a cipher's output of 256 bytes has so many once in 10^40. */
const LEAST_SHARE = 0.25;

/** Every value in its turn, as tests of characters have it: as uniform as noise, and counted up. */
export function isTableOfValues(bytes: Buffer): boolean {
  let steps = 0;
  for (let at = 1; at < bytes.length; at++) if (bytes[at] === ((bytes[at - 1] ?? 0) + 1) % 256) steps++;
  return steps >= bytes.length * LEAST_SHARE;
}
