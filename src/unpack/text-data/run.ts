import type { ByteReader } from '../byte-reader.ts';

/** A line of encoded data has this many characters at least; MIME has 76, PEM 64, XML what it likes. */
const LEAST_LINE = 32;

/** What a byte means in encoded data. */
const DATA = 1;
const LINE = 2;
const BLANK = 3;
const BACKSLASH = 4;
const KIND = new Uint8Array(256);
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/='))
  KIND[byte] = DATA;
for (const byte of Buffer.from('\r\n')) KIND[byte] = LINE;
for (const byte of Buffer.from(' \t')) KIND[byte] = BLANK;
KIND[0x5c] = BACKSLASH;

/** Where the first unbroken stretch of LEAST_LINE characters of data begins; -1: there is none. */
export function findRun(piece: Buffer): number {
  for (let probe = LEAST_LINE - 1; probe < piece.length; probe += LEAST_LINE) {
    if (KIND[piece[probe] ?? 0] !== DATA) continue;
    let start = probe;
    while (start > 0 && KIND[piece[start - 1] ?? 0] === DATA) start--;
    let end = probe + 1;
    while (end < piece.length && end - start < LEAST_LINE && KIND[piece[end] ?? 0] === DATA) end++;
    if (end - start >= LEAST_LINE) return start;
  }
  return -1;
}

const PIECE_BYTES = 64 * 1024;

/**
 * The characters of the encoded data at the reader's place, line breaks left out; what follows them stays in the reader.
 * Data may go on in the next line, behind its indent, and JSON writes a line break and a slash with a backslash before.
 */
export async function* charactersOf(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const state = { broken: false, escaped: false };
  for (let piece = await reader.next(PIECE_BYTES); piece !== null; piece = await reader.next(PIECE_BYTES)) {
    const out = Buffer.allocUnsafe(piece.length);
    const { used, length } = clean(piece, out, state);
    reader.giveBack(piece.length - used);
    if (length > 0) yield out.subarray(0, length);
    if (used < piece.length) return;
  }
}

/** The same of a beginning that is at hand. */
export function charactersIn(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  return out.subarray(0, clean(bytes, out, { broken: false, escaped: false }).length);
}

function clean(
  piece: Buffer,
  out: Buffer,
  state: { broken: boolean; escaped: boolean },
): { used: number; length: number } {
  let length = 0;
  for (let at = 0; at < piece.length; at++) {
    const byte = piece[at] ?? 0;
    const kind = KIND[byte];
    if (state.escaped) {
      state.escaped = false;
      // `\n` and `\r` of JSON are line breaks.
      if (byte === 0x6e || byte === 0x72) state.broken = true;
      else if (kind === DATA) out[length++] = byte;
      else if (kind !== BACKSLASH) return { used: at, length };
    } else if (kind === DATA) {
      state.broken = false;
      out[length++] = byte;
    } else if (kind === LINE) state.broken = true;
    else if (kind === BACKSLASH) state.escaped = true;
    else if (!(kind === BLANK && state.broken)) return { used: at, length };
  }
  return { used: piece.length, length };
}
