import { inflateSync } from 'node:zlib';
import type { Shape } from './walk.ts';

/** In bytes: larger variables are not unpacked for a proof. */
const MOST_OUT = 64 * 1024 * 1024;
/** "MAT-File Format" (MathWorks), 1: text, version and the mark of the byte order. */
const HEADER_BYTES = 128;
/** The same, table 1-1: an element that is a zlib stream. */
const COMPRESSED = 15;

/**
 * Variables of MATLAB (level 5), one element each. Those that are compressed are unpacked, with their sums. null: one is not
 * compressed, so that nothing proves what is in it.
 */
export function matlab(bytes: Buffer): Shape | null {
  const littleEndian = bytes[HEADER_BYTES - 2] === 0x49;
  const read = (at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  let left = MOST_OUT;
  for (let at = HEADER_BYTES; at < bytes.length;) {
    if (at + 8 > bytes.length) return 'cut';
    if (read(at) !== COMPRESSED) return null;
    const from = at + 8;
    const end = from + read(at + 4);
    if (end > bytes.length) return 'cut';
    const size = unpackedSize(bytes.subarray(from, end), left);
    if (size === null) return 'broken';
    left -= size;
    if (left <= 0) return null;
    at = end;
  }
  return bytes.length > HEADER_BYTES ? 'holds' : null;
}

/** null: no zlib stream, or one that ends before `packed` does; `most` and more: there is more of it than was unpacked. */
function unpackedSize(packed: Buffer, most: number): number | null {
  try {
    const result = inflateSync(packed, { maxOutputLength: most, info: true });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `info` changes what comes back, which Node's types do not say yet
    const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === packed.length ? buffer.length : null;
  } catch (error) {
    return error instanceof RangeError ? most : null;
  }
}
