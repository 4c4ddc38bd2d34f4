import type { Shape } from './walk.ts';

/** Adobe Type 1 Font Format 1.1, 7.1 and 7.3: the key that all fonts have, and how each byte changes it. */
const EEXEC_KEY = 55_665;
const MULTIPLIER = 52_845;
const INCREMENT = 22_719;
/** The last word of what is locked (7.2). */
const LAST_WORD = 'closefile';
/**
 * What stands between two outlines (2.4), in the two ways that fonts have of writing it. Where programs that embed a font
 * damaged its end (as in PDF files, where nobody reads it), the last of these is near it.
 */
const BETWEEN_OUTLINES = [' ND\n/', ' |-\n/'];
/** In bytes, from there to the end: less than the block that whatever encrypts would at least encrypt. */
const MOST_UNREAD = 1024;
/** Share of a clear part that is text. Measured: 1.0; a cipher's output has two fifths. */
const TEXT_SHARE = 0.97;
/** Adobe Technical Note 5040, 3.3: kinds of segments. */
const CLEAR = 1;
const LOCKED = 2;
const END = 3;

/**
 * Whether a Type 1 font in segments (PFB) is what its own, public cipher makes of a font program. Every byte changes the key
 * for all that follow: when one was changed, the last word is no word any more.
 */
export function type1(bytes: Buffer): Shape | null {
  const locked: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0x80) return 'broken';
    const kind = bytes[at + 1];
    if (kind === END) return isClosed(Buffer.concat(locked)) ? 'holds' : 'broken';
    if (at + 6 > bytes.length) return 'cut';
    const length = bytes.readUInt32LE(at + 2);
    const segment = bytes.subarray(at + 6, at + 6 + length);
    if (segment.length < length) return 'cut';
    if (kind === LOCKED) locked.push(segment);
    else if (kind !== CLEAR || !isText(segment)) return 'broken';
    at += 6 + length;
  }
  return 'cut';
}

/** What a font in PostScript begins with, and what its locked part begins after. */
const FONT = /^%!(?:PS-AdobeFont|FontType1)/;
const LOCKED_AFTER = 'currentfile eexec';
/** 7.2: it is written in digits when these four are some. */
const DIGITS = /^[\dA-Fa-f]{4}/;

/** The same without segments (PFA, .t1). null: no such font, or one whose locked part is written in digits. */
export function clearType1(bytes: Buffer): Shape | null {
  if (!FONT.test(bytes.toString('latin1', 0, 16))) return null;
  const word = bytes.indexOf(LOCKED_AFTER);
  if (word < 0) return isText(bytes) ? null : 'broken';
  let at = word + LOCKED_AFTER.length;
  // One blank, or the end of a line.
  at += bytes.toString('latin1', at, at + 2) === '\r\n' ? 2 : 1;
  if (DIGITS.test(bytes.toString('latin1', at, at + 4).trim())) return null;
  // The 512 zeros that follow do no harm: the last word stands before them.
  return isText(bytes.subarray(0, word)) && isClosed(bytes.subarray(at)) ? 'holds' : 'broken';
}

function isClosed(locked: Buffer): boolean {
  const plain = Buffer.alloc(locked.length);
  let key = EEXEC_KEY;
  for (const [place, byte] of locked.entries()) {
    plain[place] = byte ^ (key >> 8);
    key = (Math.imul(byte + key, MULTIPLIER) + INCREMENT) & 0xffff;
  }
  if (plain.includes(LAST_WORD)) return true;
  const last = Math.max(...BETWEEN_OUTLINES.map((words) => plain.lastIndexOf(words)));
  return last >= 0 && last >= plain.length - MOST_UNREAD;
}

function isText(bytes: Buffer): boolean {
  let text = 0;
  for (const byte of bytes) if ((byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13)) text++;
  return text >= bytes.length * TEXT_SHARE;
}
