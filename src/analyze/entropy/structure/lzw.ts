const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MOST_CODES = 4096;

/**
 * How many bytes LZW data as in TIFF (codes of 9 to 12 bits, the highest first, one entry early) stands for, up to `most`;
 * -1: it holds a code that was not made yet. What follows the end is not looked at.
 */
export function tiffLength(bytes: Uint8Array, most: number): number {
  const lengths = new Uint32Array(MOST_CODES).fill(1, 0, CLEAR);
  let next = FIRST;
  let bits = 9;
  let before = -1;
  let out = 0;
  let held = 0;
  let count = 0;
  for (let at = 0; out <= most;) {
    while (count < bits) {
      if (at >= bytes.length) return out;
      held = ((held << 8) | (bytes[at++] ?? 0)) & 0xffffff;
      count += 8;
    }
    count -= bits;
    const code = (held >> count) & ((1 << bits) - 1);
    if (code === END) return out;
    if (code === CLEAR) {
      next = FIRST;
      bits = 9;
      before = -1;
      continue;
    }
    if (code > next || (code === next && before < 0) || (before < 0 && code > CLEAR)) return -1;
    if (before >= 0) {
      if (next >= MOST_CODES) return -1;
      lengths[next++] = (lengths[before] ?? 0) + 1;
    }
    out += lengths[code] ?? 0;
    before = code;
    if (next + 1 >= 1 << bits && bits < 12) bits++;
  }
  return out;
}

/**
 * The same for LZW data as in GIF (appendix F of GIF89a): codes begin with one bit more than a point has, the lowest bits
 * come first, and a table that is full stays as it is.
 */
export function gifLength(bytes: Uint8Array, pointBits: number, most: number): number {
  if (pointBits < 1 || pointBits > 8) return -1;
  const clear = 1 << pointBits;
  const lengths = new Uint32Array(MOST_CODES).fill(1, 0, clear);
  let next = clear + 2;
  let bits = pointBits + 1;
  let before = -1;
  let out = 0;
  let held = 0;
  let count = 0;
  for (let at = 0; out <= most;) {
    while (count < bits) {
      if (at >= bytes.length) return out;
      held |= (bytes[at++] ?? 0) << count;
      count += 8;
    }
    const code = held & ((1 << bits) - 1);
    held >>>= bits;
    count -= bits;
    if (code === clear + 1) return out;
    if (code === clear) {
      next = clear + 2;
      bits = pointBits + 1;
      before = -1;
      continue;
    }
    if (code > next || (before < 0 && code > clear) || (code === next && next >= MOST_CODES)) return -1;
    if (before >= 0 && next < MOST_CODES) lengths[next++] = (lengths[before] ?? 0) + 1;
    out += lengths[code] ?? 0;
    before = code;
    if (next === 1 << bits && bits < 12) bits++;
  }
  return out;
}
