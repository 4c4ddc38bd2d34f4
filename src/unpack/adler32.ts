const MODULUS = 65_521;
/** So many bytes add up without passing 2^31 (zlib's NMAX). */
const RUN = 3800;

/** The check sum of RFC 1950, 8.2. */
export function adler32(bytes: Buffer): number {
  let low = 1;
  let high = 0;
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(bytes.length, at + RUN); at < end; at++) {
      low += bytes[at] ?? 0;
      high += low;
    }
    low %= MODULUS;
    high %= MODULUS;
  }
  return ((high << 16) | low) >>> 0;
}
