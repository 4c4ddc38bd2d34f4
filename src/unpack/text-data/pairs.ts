import type { ByteReader } from '../byte-reader.ts';

// Bytes as pairs of hexadecimal digits with something between: `1f 8b`, `1F:8B`, `0x1f, 0x8b` of C, `\x1f\x8b` of scripts.

/** Fewer are a check sum, an address, a date. */
const LEAST_PAIRS = 64;
/** Between two pairs: a comma, quotes, a line's end and the indent of the next. */
const MAX_BETWEEN = 24;
/** So much of a text may hold the beginning of them. */
export const PAIRS_BYTES = LEAST_PAIRS * (MAX_BETWEEN + 4);
const WINDOW_BYTES = 16 * 1024;
/** A pair and all that may stand between it and the next. */
const STEP_BYTES = MAX_BETWEEN + 8;

const DIGIT = new Int8Array(256).fill(-1);
for (const [value, digit] of '0123456789abcdef'.split('').entries()) {
  DIGIT[digit.charCodeAt(0)] = value;
  DIGIT[digit.toUpperCase().charCodeAt(0)] = value;
}
const BETWEEN = new Uint8Array(256);
for (const byte of Buffer.from(' ,:;-\t\r\n"\'\\%')) BETWEEN[byte] = 1;
const ZERO = 0x30;
const BACKSLASH = 0x5c;

function isX(byte: number | undefined): boolean {
  return byte === 0x78 || byte === 0x58;
}

function isWord(byte: number): boolean {
  return (byte >= 0x30 && byte < 0x3a) || ((byte | 0x20) >= 0x61 && (byte | 0x20) < 0x7b) || byte === 0x5f;
}

/** Two digits, and no third one. */
function isPair(bytes: Buffer, at: number): boolean {
  if ((DIGIT[bytes[at] ?? 0] ?? -1) < 0 || (DIGIT[bytes[at + 1] ?? 0] ?? -1) < 0) return false;
  return !isWord(bytes[at + 2] ?? 0);
}

/** No letter or digit before it, but `0x` and `\x`. */
function beginsWord(bytes: Buffer, at: number): boolean {
  const before = bytes[at - 1] ?? 0;
  if (at === 0 || !isWord(before)) return true;
  return isX(before) && [ZERO, BACKSLASH].includes(bytes[at - 2] ?? 0);
}

/** Where the pair behind the one at `at` begins; -1: there is none. */
function nextPair(bytes: Buffer, at: number): number {
  const from = at + 2;
  const most = Math.min(bytes.length, from + MAX_BETWEEN);
  let next = from;
  while (next < most && BETWEEN[bytes[next] ?? 0] === 1) next++;
  if (next === from) return -1;
  if (bytes[next] === ZERO && isX(bytes[next + 1])) next += 2;
  else if (isX(bytes[next]) && bytes[next - 1] === BACKSLASH) next += 1;
  return isPair(bytes, next) ? next : -1;
}

/** Whatever may stand in such a stretch. */
const IN_STRETCH = BETWEEN.map((between, byte) =>
  between === 1 || (DIGIT[byte] ?? -1) >= 0 || isX(byte) ? 1 : 0,
);
/** LEAST_PAIRS of two digits, and something between. */
const LEAST_STRETCH = 3 * LEAST_PAIRS - 1;

/**
 * Where LEAST_PAIRS of them begin, from `from` on; -1: nowhere. Of a text without them, one byte in a hundred is looked
 * at: in no stretch long enough is there a letter beyond F.
 */
export function findPairs(piece: Buffer, from = 0): number {
  for (let probe = from + LEAST_STRETCH - 1; probe < piece.length; probe += LEAST_STRETCH) {
    if (IN_STRETCH[piece[probe] ?? 0] !== 1) continue;
    let start = probe;
    while (start > from && IN_STRETCH[piece[start - 1] ?? 0] === 1) start--;
    let end = probe + 1;
    while (end < piece.length && IN_STRETCH[piece[end] ?? 0] === 1) end++;
    if (end - start < LEAST_STRETCH) continue;
    const hit = pairsWithin(piece, start, end);
    if (hit >= 0) return hit;
    probe = end;
  }
  return -1;
}

/** The same within [from, to), byte by byte. */
function pairsWithin(piece: Buffer, from: number, to: number): number {
  for (let at = from; at + 1 < to;) {
    if ((DIGIT[piece[at] ?? 0] ?? -1) < 0 || !isPair(piece, at) || !beginsWord(piece, at)) {
      at++;
      continue;
    }
    let last = at;
    for (let count = 1; ; count++) {
      if (count === LEAST_PAIRS) return at;
      const next = nextPair(piece, last);
      if (next < 0) break;
      last = next;
    }
    at = last + 2;
  }
  return -1;
}

/** What the pairs at the beginning stand for; `used`: where the next one begins, or the last one ends. */
export function pairsIn(
  bytes: Buffer,
  isAll: boolean,
): { readonly out: Buffer; readonly used: number; readonly ended: boolean } {
  const out = Buffer.allocUnsafe(Math.ceil(bytes.length / 3) + 1);
  let length = 0;
  for (let at = 0; ;) {
    if (!isPair(bytes, at)) return { out: out.subarray(0, length), used: at, ended: true };
    if (!isAll && at + STEP_BYTES > bytes.length)
      return { out: out.subarray(0, length), used: at, ended: false };
    out[length++] = (DIGIT[bytes[at] ?? 0] ?? 0) * 16 + (DIGIT[bytes[at + 1] ?? 0] ?? 0);
    const next = nextPair(bytes, at);
    if (next < 0) return { out: out.subarray(0, length), used: at + 2, ended: true };
    at = next;
  }
}

/** What the pairs at the reader's place stand for; what follows them stays in the reader. */
export async function* pairsOf(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const ahead = await reader.peek(WINDOW_BYTES);
    const isAll = ahead.length < WINDOW_BYTES;
    const { out, used, ended } = pairsIn(ahead.subarray(0, WINDOW_BYTES), isAll);
    if (out.length > 0) yield out;
    await reader.skip(used);
    if (ended || used === 0) return;
  }
}
