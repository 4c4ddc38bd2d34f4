import { isUtf8 } from 'node:buffer';
import type { ByteReader } from '../byte-reader.ts';
import { beginsLikeFile } from './decode.ts';

const PIECE_BYTES = 64 * 1024;
const QUOTE = 0x27;
const BACKSLASH = 0x5c;
/** What stands for another byte behind a backslash: https://dev.mysql.com/doc/refman/8.4/en/string-literals.html */
const ESCAPES: Readonly<Record<number, number>> = { 0x30: 0, 0x62: 8, 0x6e: 10, 0x72: 13, 0x74: 9, 0x5a: 26 };

/** What mysqldump writes before a string of bytes, unless it is too old or told not to. */
const BINARY = "_binary '";
/** What stands before a value: `VALUES (1,'…', '…')`, `SET a='…'`. */
const BEFORE_VALUE = Buffer.from('(, =');
/** So much of a string tells whether it is a file: a tar's header, with half of it escaped. */
export const QUOTED_HEAD_BYTES = 1024;
const HINT_BYTES = 112;
/** What containers begin with: a control byte soon, as such or escaped; or these; or a name with zeros behind it, as in a tar. */
const HINT =
  // oxlint-disable-next-line no-control-regex
  /^(?:[^']{0,15}(?:[\x00-\x08\x0b\x0c\x0e-\x1f]|\\[0Z])|[^']{1,100}\\0\\0|\(\xb5\/\xfd|x[\x01^\x9c\x9f\xda]|BZh[1-9]1AY|%PDF-)/;
const ZEROS = '\\0\\0';
const LONGEST_CHARACTER = 4;

/**
 * Where the first string of MySQL begins that is said to be bytes, or begins like a file, behind its quote; -1: there is
 * none. Of those that begin in the last QUOTED_HEAD_BYTES some may not be told.
 */
export function findQuotedFile(piece: Buffer, from: number): number {
  const isPlain = isUtf8Within(piece.subarray(from)) && !piece.includes(ZEROS, from);
  if (isPlain) return findBinary(piece, from);
  for (let at = piece.indexOf(QUOTE, from); at >= 0; at = piece.indexOf(QUOTE, at + 1)) {
    if (!BEFORE_VALUE.includes(piece[at - 1] ?? 0)) continue;
    if (isBinary(piece, at)) return at + 1;
    if (!HINT.test(piece.toString('latin1', at + 1, at + 1 + HINT_BYTES))) continue;
    const head = piece.subarray(at + 1, at + 1 + QUOTED_HEAD_BYTES);
    const out = Buffer.allocUnsafe(head.length);
    if (beginsLikeFile(out.subarray(0, unescape(head, out, fresh()).length))) return at + 1;
  }
  return -1;
}

/** Whether a piece of text is UTF-8; what is cut off at its ends does not count. No compressed data are. */
function isUtf8Within(piece: Buffer): boolean {
  let start = 0;
  while (start < LONGEST_CHARACTER && ((piece[start] ?? 0) & 0xc0) === 0x80) start++;
  for (let end = piece.length; end > piece.length - LONGEST_CHARACTER && end > start; end--)
    if (isUtf8(piece.subarray(start, end))) return true;
  return false;
}

function isBinary(piece: Buffer, at: number): boolean {
  return piece.toString('latin1', Math.max(0, at + 1 - BINARY.length), at + 1) === BINARY;
}

function findBinary(piece: Buffer, from: number): number {
  const at = piece.indexOf(BINARY, from, 'latin1');
  return at < 0 ? -1 : at + BINARY.length;
}

/** A string of MySQL up to its closing quote, escapes undone; what follows stays in the reader. */
export async function* quotedContent(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const state = fresh();
  for (let piece = await reader.next(PIECE_BYTES); piece !== null; piece = await reader.next(PIECE_BYTES)) {
    const out = Buffer.allocUnsafe(piece.length + 1);
    const { used, length } = unescape(piece, out, state);
    reader.giveBack(piece.length - used);
    if (length > 0) yield out.subarray(0, length);
    if (used < piece.length) return;
  }
}

/** What the last byte of the piece before was. */
interface State {
  escaped: boolean;
  quoted: boolean;
}

function fresh(): State {
  return { escaped: false, quoted: false };
}

/** Up to the byte behind the closing quote, which is not used, or to the end of the piece. */
function unescape(piece: Buffer, out: Buffer, state: State): { used: number; length: number } {
  let length = 0;
  let used = 0;
  for (; used < piece.length; used++) {
    const byte = piece[used] ?? 0;
    if (state.quoted) {
      // A quote that comes twice is one.
      if (byte !== QUOTE) break;
      state.quoted = false;
      out[length++] = QUOTE;
    } else if (state.escaped) {
      state.escaped = false;
      out[length++] = ESCAPES[byte] ?? byte;
    } else if (byte === BACKSLASH) state.escaped = true;
    else if (byte === QUOTE) state.quoted = true;
    else out[length++] = byte;
  }
  return { used, length };
}
