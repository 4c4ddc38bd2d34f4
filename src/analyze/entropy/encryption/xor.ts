import { isLanguage } from './language.ts';

/** Enough to tell a text. */
const SAMPLE_BYTES = 4096;
/** Share of characters of text above which content is no noise that hides one. */
const PLAIN_SHARE = 0.5;
/** Share of characters of text from which on it is one; any other key leaves less than two thirds. */
const TEXT_SHARE = 0.92;

/** What files begin with; `identify/signatures.ts` has the sources. */
interface Beginning {
  readonly at: number;
  readonly bytes: string;
  /** Short, or what numbers may come to by themselves: needs a name that promised something. */
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
  at(0, 'OTTO'),
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
  if (head.length < 64) return null;
  return (
    ofBeginning(head, isPromised) ?? ofLanguage(counts, bytes) ?? (isPromised ? ofText(head, counts) : null)
  );
}

function ofBeginning(head: Buffer, isPromised: boolean): number | null {
  for (const { at: from, bytes, weak } of BEGINNINGS) {
    const key = (head[from] ?? 0) ^ bytes.charCodeAt(0);
    if (key === 0 || (weak && !isPromised)) continue;
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

/** As it is it is no language, and under one key it is. */
function ofLanguage(counts: Float64Array, bytes: number): number | null {
  if (isLanguage(counts, bytes)) return null;
  // The other case of all letters is no other content.
  for (let key = 1; key < 256; key++) if (key !== 0x20 && isLanguage(counts, bytes, key)) return key;
  return null;
}

/** Guessed from what is most frequent: the blank in text, `e`, the end of a line. */
function ofText(head: Buffer, counts: Float64Array): number | null {
  let most = 0;
  for (let value = 1; value < 256; value++) if ((counts[value] ?? 0) > (counts[most] ?? 0)) most = value;
  const sample = head.subarray(0, SAMPLE_BYTES);
  // NUL is most frequent in records as they are; and what is nearly a text needs no key.
  if (most === 0 || textShare(sample, 0) >= PLAIN_SHARE) return null;
  const keys = [most, most ^ 0x20, most ^ 0x65, most ^ 0xff, most ^ 0x0a];
  const isOne = (key: number): boolean => textShare(sample, key) >= TEXT_SHARE && hasLines(sample, key);
  return keys.find((key) => key !== 0 && key !== 0x20 && isOne(key)) ?? null;
}

/** Two-byte characters of East Asia also become text under a key, but their line ends do not stay line ends. */
function hasLines(bytes: Buffer, key: number): boolean {
  return bytes.includes(0x0a ^ key) && !bytes.includes(key);
}

function textShare(bytes: Buffer, key: number): number {
  let text = 0;
  for (const byte of bytes) {
    const plain = byte ^ key;
    if ((plain >= 0x20 && plain < 0x7f) || (plain >= 9 && plain <= 13)) text++;
  }
  return text / bytes.length;
}
