import { Damaged } from '../trouble.ts';

const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MAX_CODES = 4096;

/** ISO 32000-1, 7.4.4.2: codes of 9 to 12 bits, most significant bit first. `early`: the width grows one code early. */
export async function* lzw(
  chunks: AsyncIterable<Buffer>,
  early: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  const prefix = new Uint16Array(MAX_CODES);
  const suffix = new Uint8Array(MAX_CODES);
  const stack = new Uint8Array(MAX_CODES);
  let bits = 0;
  let held = 0;
  let next = FIRST;
  let width = 9;
  let previous = -1;
  let firstByte = 0;
  const ahead = early ? 1 : 0;
  for await (const chunk of chunks) {
    let out = Buffer.allocUnsafe(Math.max(MAX_CODES * 2, chunk.length * 4));
    let length = 0;
    for (const byte of chunk) {
      bits = ((bits << 8) | byte) & 0xffffff;
      held += 8;
      if (held < width) continue;
      held -= width;
      const code = (bits >>> held) & ((1 << width) - 1);
      if (code === END) {
        if (length > 0) yield out.subarray(0, length);
        return;
      }
      if (code === CLEAR) {
        next = FIRST;
        width = 9;
        previous = -1;
        continue;
      }
      const known = code < CLEAR || (code >= FIRST && code < next);
      if (!known && (previous < 0 || code !== next)) {
        if (length > 0) yield out.subarray(0, length);
        throw new Damaged('an LZW code that was never defined');
      }
      let depth = 0;
      let walk = known ? code : previous;
      if (!known) stack[depth++] = firstByte;
      while (walk >= FIRST) {
        stack[depth++] = suffix[walk] ?? 0;
        walk = prefix[walk] ?? 0;
      }
      firstByte = walk;
      stack[depth++] = walk;
      if (length + depth > out.length) {
        yield out.subarray(0, length);
        out = Buffer.allocUnsafe(out.length);
        length = 0;
      }
      while (depth > 0) out[length++] = stack[--depth] ?? 0;
      if (previous >= 0 && next < MAX_CODES) {
        prefix[next] = previous;
        suffix[next] = firstByte;
        next++;
      }
      previous = code;
      if (next + ahead >= 1 << width && width < 12) width++;
    }
    if (length > 0) yield out.subarray(0, length);
  }
}
