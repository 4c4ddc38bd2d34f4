import type { ByteReader } from './byte-reader.ts';

/** The digits of the square root of pi: they stand before the last check sum of a stream, at any bit. */
const END_HIGH = 0x177245;
const END_LOW = 0x385090;
const HALF = 2 ** 24;
const SUM_BITS = 32;
/** Of pi: they begin a block. */
const BLOCK_MARK = '314159265359';
const END_MARK = '177245385090';

/**
 * Where bzip2 streams end in `bytes`, which hold the end of the last and what follows it: places behind an end mark and its
 * check sum, but for those where the next stream begins. A second one means that nobody can tell which is true.
 * Source: bzip2 1.0.8, compress.c (BZ2_compressBlock).
 */
export function bzip2Ends(bytes: Buffer, most: number): number[] {
  const ends: number[] = [];
  // The last 64 bits.
  let upper = 0;
  let lower = 0;
  for (let at = 0; at < bytes.length && ends.length < most; at++) {
    upper = ((upper << 8) | (lower >>> 24)) >>> 0;
    lower = ((lower << 8) | (bytes[at] ?? 0)) >>> 0;
    for (let shift = 0; shift < 8; shift++) {
      if (((lower >>> shift) & (HALF - 1)) !== END_LOW) continue;
      const rest = upper * 2 ** (8 - shift) + Math.floor(lower / 2 ** (24 + shift));
      if (rest % HALF !== END_HIGH) continue;
      // The mark ends `shift` bits before the end of this byte; the check sum follows, then zero bits to a whole byte.
      const end = at + Math.ceil((SUM_BITS - shift) / 8) + 1;
      if (end <= bytes.length && !beginsStream(bytes, end)) ends.push(end);
    }
  }
  return ends;
}

function beginsStream(bytes: Buffer, at: number): boolean {
  const level = bytes[at + 3] ?? 0;
  if (bytes.toString('latin1', at, at + 3) !== 'BZh' || level < 0x31 || level > 0x39) return false;
  const mark = bytes.toString('hex', at + 4, at + 10);
  return mark === BLOCK_MARK || mark === END_MARK;
}

/** In bytes: what is searched at once, and of that what may be the beginning of an end. */
const SEARCHED = 64 * 1024;
const OVERLAP = 16;

/** The bytes of the stream at the reader's place, and no more; all that is left where no end is found. */
export async function* bzip2Stream(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const bytes = await reader.peek(SEARCHED);
    const end = bzip2Ends(bytes, 1)[0];
    const isLast = bytes.length < SEARCHED;
    yield await reader.exactly(end ?? (isLast ? bytes.length : bytes.length - OVERLAP));
    if (end !== undefined || isLast) return;
  }
}
