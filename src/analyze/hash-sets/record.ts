/**
 * A table of known hashes as it lies on disk, in two files of one folder.
 *
 * `records`: the index (65,537 numbers of 32 bits, little-endian: how many records begin with less than these two bytes),
 * then the records, sorted: the SHA-256, flags, and where in `names` its name stands. `names`: texts with their lengths.
 */
export const RECORDS_FILE = 'records';
export const NAMES_FILE = 'names';

export const HASH_BYTES = 32;
/** The hash, one byte of flags, one that is not used, six of place in the file of names. */
export const RECORD_BYTES = 40;
export const FLAGS_AT = 32;
export const NAME_AT = 34;
export const NAME_PLACE_BYTES = 6;

export const BAD = 1;
export const GOOD = 2;

/** Of two bytes. */
export const PREFIXES = 65_536;
export const INDEX_BYTES = 4 * (PREFIXES + 1);

/** In bytes of UTF-8: three texts, each behind its length in two bytes. */
const MAX_NAME_BYTES = 256;
export const MAX_LABEL_BYTES = 3 * (2 + MAX_NAME_BYTES);

/** What a list says of one hash. All of it is somebody else's text. */
export interface Label {
  /** Empty: the list gives none. */
  readonly name: string;
  readonly source: string;
  /** The list itself. */
  readonly file: string;
}

/** Writes it to `into` at `at`, where MAX_LABEL_BYTES have room; answers how many bytes it took. */
export function packLabel({ name, source, file }: Label, into: Buffer, at: number): number {
  let end = at;
  for (const text of [name, source, file]) {
    const length = into.write(bounded(text), end + 2, MAX_NAME_BYTES, 'utf8');
    into.writeUInt16LE(length, end);
    end += 2 + length;
  }
  return end - at;
}

export function unpackLabel(bytes: Buffer): Label {
  const texts: string[] = [];
  for (let at = 0; texts.length < 3;) {
    const end = at + 2 + bytes.readUInt16LE(at);
    texts.push(bytes.toString('utf8', at + 2, end));
    at = end;
  }
  const [name = '', source = '', file = ''] = texts;
  return { name, source, file };
}

/** Most are short; of the others the end is cut, which shows. */
function bounded(text: string): string {
  if (text.length * 3 <= MAX_NAME_BYTES || Buffer.byteLength(text) <= MAX_NAME_BYTES) return text;
  const cut = Buffer.from(text).subarray(0, MAX_NAME_BYTES - 4);
  return `${cut.toString('utf8').replace(/\uFFFD$/, '')}…`;
}
