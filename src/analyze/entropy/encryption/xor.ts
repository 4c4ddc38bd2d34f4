import { isUtf8 } from 'node:buffer';
import { isLanguage } from './language.ts';

/** Enough to tell a text. */
const SAMPLE_BYTES = 4096;
/** Share of characters of text above which content is no noise that hides one. */
const PLAIN_SHARE = 0.5;
/** Share of characters of text from which on it is one; any other key leaves less than two thirds. */
const TEXT_SHARE = 0.92;
/** The same of a text in one line only. */
const ALL_TEXT = 0.995;

/** Share of bytes in characters of two bytes or more from which on a text is written in another script than Latin. */
const OTHER_SCRIPT_SHARE = 0.4;

/** What files begin with; `identify/signatures.ts` has the sources. */
interface Beginning {
  readonly at: number;
  readonly bytes: string;
  /** Short, or what words and numbers may come to by themselves: needs a name that promised something, and no language as it is. */
  readonly weak: boolean;
}

const at = (offset: number, bytes: string, weak = false): Beginning => ({ at: offset, bytes, weak });
const BEGINNINGS: readonly Beginning[] = [
  at(0, 'PK\x03\x04'),
  at(0, '%PDF-'),
  at(0, '%!PS-'),
  at(0, '\x7fELF'),
  at(0, '\x89PNG\r\n'),
  at(0, '\xff\xd8\xff\xe0\0\x10JF'),
  at(0, '\xff\xd8\xff\xe1', true),
  at(0, '\xff\xd8\xff\xdb\0'),
  at(0, 'GIF8'),
  at(0, '\xd0\xcf\x11\xe0'),
  at(0, 'SQLite format 3'),
  at(0, '7z\xbc\xaf'),
  at(0, 'RIFF'),
  at(0, '\x1f\x8b\x08', true),
  at(0, 'BZh', true),
  at(4, '1AY&SY'),
  at(0, '\xfd7zXZ\0'),
  at(0, '\x28\xb5\x2f\xfd'),
  at(0, '{\\rtf'),
  at(0, 'OggS'),
  at(0, 'fLaC'),
  at(0, 'ID3\x03\0'),
  at(0, 'ID3\x04\0'),
  at(4, 'ftyp'),
  at(0, '\x1a\x45\xdf\xa3'),
  at(0, '<?xml'),
  at(0, '<!DOC'),
  // With 0x6f it is what stands before a remark in Lisp: ` ;; `.
  at(0, 'OTTO', true),
  at(0, '\0\x01\0\0', true),
  at(0, 'wOF2'),
  at(0, 'wOFF'),
  at(0, 'II*\0\x08\0\0\0'),
  at(0, 'II*\0', true),
  at(0, 'MM\0*', true),
  at(6, '%!PS-'),
  at(0, '\xca\xfe\xba\xbe'),
  at(0, '\xde\x12\x04\x95\0\0\0\0'),
  at(2, '\r\r\n\0\0\0\0', true),
  at(2, '\r\n\0\0\0\0'),
  at(257, 'ustar'),
];

/**
 * The one byte that all content was combined with (exclusive or), when taking it away gives a known beginning or a text.
 * `isPromised`: the name promised a type that the content is not.
 */
export function xorKey(
  head: Buffer,
  { counts, bytes }: { readonly counts: Float64Array; readonly bytes: number },
  isPromised: boolean,
): number | null {
  if (head.length < 64 || isOtherScript(head.subarray(0, SAMPLE_BYTES))) return null;
  const isWords = isLanguage(counts, bytes);
  return (
    ofBeginning(head, isPromised && !isWords) ??
    (isWords ? null : ofLanguage(counts, bytes)) ??
    (isPromised ? ofText(head) : null)
  );
}

/**
 * Thai, Japanese or Cyrillic in UTF-8: what a key makes of its few leading bytes may look like letters of a language,
 * and no Latin text becomes such characters under a key: they never follow each other so.
 */
function isOtherScript(sample: Buffer): boolean {
  let high = 0;
  for (const byte of sample) if (byte >= 0x80) high++;
  if (high < sample.length * OTHER_SCRIPT_SHARE) return false;
  // The last character may be cut off.
  return [0, 1, 2, 3].some((cut) => isUtf8(sample.subarray(0, sample.length - cut)));
}

function ofBeginning(head: Buffer, mayBeWeak: boolean): number | null {
  for (const { at: from, bytes, weak } of BEGINNINGS) {
    const key = (head[from] ?? 0) ^ bytes.charCodeAt(0);
    if (key === 0 || (weak && !mayBeWeak)) continue;
    if (isAt(head, from, bytes, key)) return key;
  }
  return programKey(head);
}

/** `MZ`, and where it points to `PE` (Microsoft, PE Format, "MS-DOS Stub"). */
function programKey(head: Buffer): number | null {
  const key = (head[0] ?? 0) ^ 0x4d;
  if (key === 0 || ((head[1] ?? 0) ^ key) !== 0x5a) return null;
  const sign = ((head[0x3c] ?? 0) ^ key) | (((head[0x3d] ?? 0) ^ key) << 8);
  return isAt(head, sign, 'PE\0\0', key) ? key : null;
}

function isAt(head: Buffer, from: number, plain: string, key: number): boolean {
  for (let place = 0; place < plain.length; place++) {
    if (((head[from + place] ?? 0) ^ key) !== plain.charCodeAt(place)) return false;
  }
  return true;
}

/** Under one key it is a language. */
function ofLanguage(counts: Float64Array, bytes: number): number | null {
  // The other case of all letters is no other content.
  for (let key = 1; key < 256; key++) if (key !== 0x20 && isLanguage(counts, bytes, key)) return key;
  return null;
}

/** Under one key nearly all of the beginning is text; of several, the one under which there are most blanks. */
function ofText(head: Buffer): number | null {
  const sample = head.subarray(0, SAMPLE_BYTES);
  const counts = new Uint32Array(256);
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1;
  // What is nearly a text needs no key; and NUL is most frequent in records as they are.
  if (textShare(counts, sample.length, 0) >= PLAIN_SHARE || Math.max(...counts) === counts[0]) return null;
  let best: number | null = null;
  for (let key = 1; key < 256; key++) {
    if (key === 0x20 || !isText(counts, sample.length, key)) continue;
    if (best === null || (counts[0x20 ^ key] ?? 0) > (counts[0x20 ^ best] ?? 0)) best = key;
  }
  return best;
}

/** Two-byte characters of East Asia also become text under a key, but their line ends do not stay line ends. */
function isText(counts: Uint32Array, bytes: number, key: number): boolean {
  const share = textShare(counts, bytes, key);
  const hasLines = (counts[0x0a ^ key] ?? 0) > 0 && counts[key] === 0;
  return share >= ALL_TEXT || (share >= TEXT_SHARE && hasLines);
}

function textShare(counts: Uint32Array, bytes: number, key: number): number {
  let text = 0;
  for (let plain = 9; plain < 0x7f; plain++) {
    if (plain <= 13 || plain >= 0x20) text += counts[plain ^ key] ?? 0;
  }
  return text / bytes;
}
