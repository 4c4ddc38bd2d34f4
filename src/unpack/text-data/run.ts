import type { ByteReader } from '../byte-reader.ts';

/** A line of encoded data has this many characters at least; MIME has 76, PEM 64, XML what it likes. */
export const LEAST_LINE = 32;

/** What a byte means in encoded data. */
const DATA = 1;
const LINE = 2;
const BLANK = 3;
const BACKSLASH = 4;
/** The two characters in which the alphabets of RFC 4648, 4 and 5, differ. No data are in both. */
const PLAIN = 5;
const URL = 6;
const KIND = new Uint8Array(256);
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789='))
  KIND[byte] = DATA;
for (const byte of Buffer.from('+/')) KIND[byte] = PLAIN;
for (const byte of Buffer.from('-_')) KIND[byte] = URL;
for (const byte of Buffer.from('\r\n')) KIND[byte] = LINE;
for (const byte of Buffer.from(' \t')) KIND[byte] = BLANK;
KIND[0x5c] = BACKSLASH;

const IS_DATA = KIND.map((kind) => (kind === DATA || kind === PLAIN || kind === URL ? 1 : 0));

/** Whether the byte before `at` belongs to the same data: PHP's JSON writes each slash with a backslash before. */
function goesBack(piece: Buffer, at: number): boolean {
  const before = piece[at - 1] ?? 0;
  return IS_DATA[before] === 1 || (KIND[before] === BACKSLASH && piece[at] === 0x2f);
}

/** Where the first unbroken stretch of LEAST_LINE characters of data begins, from `from` on; -1: there is none. */
export function findRun(piece: Buffer, from = 0): number {
  for (let probe = from + LEAST_LINE - 1; probe < piece.length; probe += LEAST_LINE) {
    if (IS_DATA[piece[probe] ?? 0] !== 1) continue;
    let start = probe;
    while (start > from && goesBack(piece, start)) start--;
    let end = probe + 1;
    while (end < piece.length && end - start < LEAST_LINE && IS_DATA[piece[end] ?? 0] === 1) end++;
    if (end - start >= LEAST_LINE) return start;
  }
  return -1;
}

const PIECE_BYTES = 64 * 1024;

/**
 * The characters of the encoded data at the reader's place, line breaks left out, in base64's first alphabet; what follows
 * them stays in the reader.
 * Data may go on in the next line, behind its indent, and JSON writes a line break and a slash with a backslash before.
 */
export async function* charactersOf(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const state = fresh();
  for (let piece = await reader.next(PIECE_BYTES); piece !== null; piece = await reader.next(PIECE_BYTES)) {
    const out = Buffer.allocUnsafe(piece.length);
    const { used, length } = clean(piece, out, state);
    reader.giveBack(piece.length - used);
    if (length > 0) yield out.subarray(0, length);
    if (used < piece.length) return;
  }
}

/** The same of a beginning that is at hand; `used`: how much of it they take up. */
export function charactersIn(bytes: Buffer): { readonly characters: Buffer; readonly used: number } {
  const out = Buffer.allocUnsafe(bytes.length);
  const { used, length } = clean(bytes, out, fresh());
  return { characters: out.subarray(0, length), used };
}

interface State {
  broken: boolean;
  escaped: boolean;
  /** The alphabet, once a character of only one of them was there. */
  kind: number;
}

function fresh(): State {
  return { broken: false, escaped: false, kind: 0 };
}

function clean(piece: Buffer, out: Buffer, state: State): { used: number; length: number } {
  let length = 0;
  for (let at = 0; at < piece.length; at++) {
    const byte = piece[at] ?? 0;
    const kind = KIND[byte] ?? 0;
    const isData = kind === DATA || kind >= PLAIN;
    if (state.escaped) {
      state.escaped = false;
      // `\n` and `\r` of JSON are line breaks.
      if (byte === 0x6e || byte === 0x72) {
        state.broken = true;
        continue;
      }
      if (kind === BACKSLASH) continue;
      if (!isData) return { used: at, length };
    } else if (kind === LINE) {
      state.broken = true;
      continue;
    } else if (kind === BACKSLASH) {
      state.escaped = true;
      continue;
    } else if (!isData) {
      if (kind === BLANK && state.broken) continue;
      return { used: at, length };
    }
    if (kind >= PLAIN) {
      if (state.kind !== 0 && state.kind !== kind) return { used: at, length };
      state.kind = kind;
    }
    state.broken = false;
    out[length++] = kind === URL ? (byte === 0x2d ? 0x2b : 0x2f) : byte;
  }
  return { used: piece.length, length };
}
