/** Enough to tell a type or a text. */
const SAMPLE_BYTES = 4096;
/** What files begin with (signatures.ts of identify has the sources). */
const MAGICS = [
  'PK\x03\x04',
  '%PDF-',
  '\x7fELF',
  '\x89PNG\r\n',
  '\xff\xd8\xff\xe0',
  '\xff\xd8\xff\xe1',
  '\xff\xd8\xff\xdb',
  'GIF8',
  '\xd0\xcf\x11\xe0',
  'SQLite format 3',
  '7z\xbc\xaf',
  'RIFF',
  '\x1f\x8b\x08',
  '{\\rtf',
  'OggS',
  'fLaC',
  '<?xml',
  '<!DOC',
  'OTTO',
  '\0\x01\0\0\0',
  'wOF2',
  'wOFF',
  'ID3',
  'BM',
  'MZ',
  '\xca\xfe\xba\xbe',
  'ustar',
];
/** Share of characters of text from which on it is one; any other key leaves less than two thirds. */
/** Share of characters of text above which content is no noise that hides one. */
const PLAIN_SHARE = 0.5;
const TEXT_SHARE = 0.92;

/**
 * The one byte that content of no known type was combined with (exclusive or), when taking it away gives a known beginning
 * or a text. Guessed from what is most frequent: NUL in records, the blank in text.
 */
export function xorKey(head: Buffer, counts: Float64Array): number | null {
  if (head.length < 64) return null;
  let most = 0;
  for (let value = 1; value < 256; value++) if ((counts[value] ?? 0) > (counts[most] ?? 0)) most = value;
  const sample = head.subarray(0, SAMPLE_BYTES);
  // NUL is most frequent in records as they are; and what is nearly a text needs no key.
  const mayBeText = most !== 0 && textShare(sample) < PLAIN_SHARE;
  for (const key of new Set([
    most,
    most ^ 0x20,
    most ^ 0x65,
    most ^ 0xff,
    most ^ 0x0a,
    ...keysOfMagics(head),
  ])) {
    if (key === 0) continue;
    const plain = Buffer.from(sample.map((byte) => byte ^ key));
    const start = plain.toString('latin1', 0, 16);
    if (
      MAGICS.some((magic) => magic.length >= 4 && start.startsWith(magic)) ||
      (mayBeText && key !== 0x20 && isText(plain))
    )
      return key;
  }
  return null;
}

/** Whatever the first byte would have to be combined with. */
function keysOfMagics(head: Buffer): number[] {
  return MAGICS.filter((magic) => magic.length >= 4).map((magic) => magic.charCodeAt(0) ^ (head[0] ?? 0));
}

function isText(bytes: Buffer): boolean {
  return textShare(bytes) >= TEXT_SHARE;
}

function textShare(bytes: Buffer): number {
  let text = 0;
  for (const byte of bytes) if ((byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13)) text++;
  return text / bytes.length;
}
