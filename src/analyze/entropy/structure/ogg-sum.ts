/** RFC 3533, 6: a CRC-32 with this polynomial, the highest bit first, from 0 on, nothing turned at the end. */
const POLYNOMIAL = 0x04c11db7;
/** What a byte does to the sum, and what it does one, two and three bytes later. */
const TABLE = tables();

/** The sum of a page's bytes; `before`: of those in front of them. */
export function oggSum(bytes: Uint8Array, before: number): number {
  let sum = before;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const word =
      sum ^
      (((bytes[at] ?? 0) << 24) |
        ((bytes[at + 1] ?? 0) << 16) |
        ((bytes[at + 2] ?? 0) << 8) |
        (bytes[at + 3] ?? 0));
    sum =
      (TABLE[768 + (word >>> 24)] ?? 0) ^
      (TABLE[512 + ((word >>> 16) & 255)] ?? 0) ^
      (TABLE[256 + ((word >>> 8) & 255)] ?? 0) ^
      (TABLE[word & 255] ?? 0);
  }
  for (; at < bytes.length; at++) sum = (sum << 8) ^ (TABLE[(sum >>> 24) ^ (bytes[at] ?? 0)] ?? 0);
  return sum >>> 0;
}

function tables(): Int32Array {
  const table = new Int32Array(4 * 256);
  for (let value = 0; value < 256; value++) {
    let sum = value << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ POLYNOMIAL : sum << 1;
    table[value] = sum;
  }
  for (let later = 1; later < 4; later++) {
    for (let value = 0; value < 256; value++) {
      const sum = table[256 * (later - 1) + value] ?? 0;
      table[256 * later + value] = (sum << 8) ^ (table[sum >>> 24] ?? 0);
    }
  }
  return table;
}
