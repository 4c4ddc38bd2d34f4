import { isAscii, isUtf8 } from 'node:buffer';
import type { View } from './view.ts';

/** Text of the head as far as it is needed to tell subtypes, and what it is encoded in. */
export interface Text {
  readonly encoding: 'ASCII' | 'UTF-8' | 'UTF-16' | 'UTF-32' | '8-bit';
  /** The beginning, decoded; without a byte order mark. */
  readonly start: string;
  /** The whole artifact was decoded into `start`. */
  readonly whole: boolean;
  /** It begins as a text and goes on as binary data. */
  readonly payload: boolean;
}

/** Characters looked at for a subtype. */
const START_BYTES = 16 * 1024;
/** JSON can only be told for certain by parsing all of it; beyond this its beginning has to do. */
const PARSE_BYTES = 128 * 1024;

/** What no text holds: C0 controls but BEL, BS, TAB, LF, VT, FF, CR, SUB (DOS end of file) and ESC. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x06\x0e-\x19\x1c-\x1f\x7f]/;

/** In ASCII and UTF-8, which noise is not, a stray control character does no harm (editors' scripts, old logs). */
const MAX_CONTROL_SHARE = 0.01;

function tooManyControls(head: Buffer): boolean {
  if (!CONTROL.test(head.toString('latin1'))) return false;
  let controls = 0;
  for (const byte of head)
    if (byte === 0x7f || (byte < 0x20 && CONTROL.test(String.fromCharCode(byte)))) controls++;
  return controls > Math.max(1, head.length * MAX_CONTROL_SHARE);
}

/** Eight-bit text has no check of its own: noise this long without one control character is 1 in 10^12. */
const CERTAIN_BYTES = 256;
const MAX_HIGH_SHARE = 0.3;

/** The head as text; null when it is none. */
export function asText(view: View): Text | null {
  const { head } = view;
  if (head.length === 0) return null;
  const marked = byteOrderMark(view);
  if (marked !== null) return marked;
  if (head.includes(0)) return utf16WithoutMark(view) ?? utf32WithoutMark(view) ?? script(view);
  const ascii = isAscii(head);
  const complete = ascii ? head : head.subarray(0, completeUtf8(view));
  if (ascii || isUtf8(complete)) {
    if (tooManyControls(head)) return script(view);
    return text(view, ascii ? 'ASCII' : 'UTF-8', decode(view, 'utf8', 0));
  }
  if (CONTROL.test(head.toString('latin1'))) return script(view);
  return isEightBit(head) ? text(view, '8-bit', decode(view, 'latin1', 0)) : null;
}

function text(view: View, encoding: Text['encoding'], start: string): Text {
  return { encoding, start, whole: view.whole && view.head.length <= PARSE_BYTES, payload: false };
}

/** All of it when it is small enough to be parsed, else the beginning. */
function decode(view: View, encoding: 'utf8' | 'latin1' | 'utf16le', skip: number): string {
  const until = view.whole && view.head.length <= PARSE_BYTES ? view.head.length : START_BYTES;
  return view.head.toString(encoding, skip, until);
}

function byteOrderMark(view: View): Text | null {
  const { head } = view;
  if (view.has(0, '\xef\xbb\xbf')) {
    return isUtf8(head.subarray(0, completeUtf8(view))) && !head.includes(0)
      ? text(view, 'UTF-8', decode(view, 'utf8', 3))
      : null;
  }
  if (view.has(0, '\xff\xfe\0\0') && head.length % 4 === 0) {
    return head.length >= 8 && head.readUInt32LE(4) < 0x11_0000 ? text(view, 'UTF-32', '') : null;
  }
  if (view.has(0, '\0\0\xfe\xff') && head.length % 4 === 0) {
    return head.length >= 8 && head.readUInt32BE(4) < 0x11_0000 ? text(view, 'UTF-32', '') : null;
  }
  if (view.has(0, '\xff\xfe')) return utf16(view, head, 2);
  if (view.has(0, '\xfe\xff')) return utf16(view, swapped(head), 2);
  return null;
}

function swapped(head: Buffer): Buffer {
  return Buffer.from(head.subarray(0, head.length & ~1)).swap16();
}

/** What a private use or unassigned code unit, a lone surrogate or a control character would be in text. */
const UNLIKELY_UTF16 =
  // oxlint-disable-next-line no-control-regex
  /[\0-\x08\x0e-\x1a\x1c-\x1f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])/;

function utf16(view: View, littleEndian: Buffer, skip: number): Text | null {
  const start = littleEndian.toString('utf16le', skip, Math.min(littleEndian.length, START_BYTES) & ~1);
  // The last unit may be half of a pair that was cut.
  return UNLIKELY_UTF16.test(start.slice(0, -1)) ? null : text(view, 'UTF-16', start);
}

const MIN_UTF16_BYTES = 16;

/** UTF-16 of Latin text without a mark: every other byte is NUL, the others are printable. */
function utf16WithoutMark(view: View): Text | null {
  const { head } = view;
  if (head.length < MIN_UTF16_BYTES || (view.whole && head.length % 2 !== 0)) return null;
  const sample = head.subarray(0, Math.min(head.length, 4096) & ~1);
  const zeros = [0, 0];
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  const half = sample.length / 2;
  if (zeros[0] === 0 && (zeros[1] ?? 0) > half * 0.7) return utf16(view, head, 0);
  if (zeros[1] === 0 && (zeros[0] ?? 0) > half * 0.7) return utf16(view, swapped(head), 0);
  return null;
}

const MIN_UTF32_BYTES = 32;
/** Of all characters, those of ASCII: tables of small numbers hold zeros, or few that are printable. */
const MIN_ASCII_SHARE = 0.5;
// oxlint-disable-next-line no-control-regex
const UNLIKELY = /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\p{Cn}\p{Co}\p{Cs}]/u;

/** UTF-32 without a mark: every unit is a character that is given out, half of them of ASCII. */
function utf32WithoutMark(view: View): Text | null {
  const { head } = view;
  if (head.length < MIN_UTF32_BYTES || (view.whole && head.length % 4 !== 0)) return null;
  const bytes = Math.min(head.length, 4096) & ~3;
  // The first byte or the last of every unit is zero.
  const littleEndian = head[0] !== 0;
  let ascii = 0;
  for (let at = 0; at < bytes; at += 4) {
    const point = littleEndian ? head.readUInt32LE(at) : head.readUInt32BE(at);
    if (point > 0x10_ffff || UNLIKELY.test(String.fromCodePoint(point))) return null;
    if (point < 0x80) ascii++;
  }
  return ascii * 4 >= bytes * MIN_ASCII_SHARE ? text(view, 'UTF-32', '') : null;
}

/** Where the last whole UTF-8 sequence ends: a head that was cut may end within one. */
function completeUtf8({ head, whole }: View): number {
  if (whole) return head.length;
  let at = head.length;
  while (at > head.length - 4 && at > 0 && ((head[at - 1] ?? 0) & 0xc0) === 0x80) at--;
  return at > 0 && (head[at - 1] ?? 0) >= 0xc0 ? at - 1 : head.length;
}

function isEightBit(head: Buffer): boolean {
  if (head.length >= CERTAIN_BYTES) return true;
  let high = 0;
  for (const byte of head) if (byte >= 0x80) high++;
  return high <= head.length * MAX_HIGH_SHARE;
}

const SHEBANG = /^#! ?\/[\x21-\x7e]{2,100}(?: [\x20-\x7e]{0,200})?\r?\n/;

/** `#!` and binary data after it: a script that carries its payload (makeself, Java launchers). */
function script(view: View): Text | null {
  const start = view.latin1(0, START_BYTES);
  return SHEBANG.test(start) ? { encoding: '8-bit', start, whole: false, payload: true } : null;
}
