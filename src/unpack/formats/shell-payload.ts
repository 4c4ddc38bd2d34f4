import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { Unsupported } from '../trouble.ts';

/** Searched for the beginning of the payload: makeself's script has some 20 kB. */
const SEARCHED_BYTES = 4 * 1024 * 1024;

/** What installers carry behind their last line, by its first bytes. */
const MAGICS: readonly Buffer[] = [
  '\x1f\x8b\x08',
  'BZh91AY&SY',
  '\xfd7zXZ\0',
  '\x28\xb5\x2f\xfd',
  '\x04\x22\x4d\x18',
  'LZIP\x01',
  '\x5d\0\0',
  '\x1f\x9d\x90',
  "7z\xbc\xaf'\x1c",
  'PK\x03\x04',
  'hsqs',
  '\x7fELF',
  '\xed\xab\xee\xdb',
].map((magic) => Buffer.from(magic, 'latin1'));
const TAR_MAGIC = Buffer.from('ustar');
const TAR_MAGIC_AT = 257;

export const unpacker: Unpacker = {
  doc: {
    name: 'Shell script with a payload',
    description:
      'An installer (makeself and the like): what stands behind the last line of the script is a member.',
    recognised: 'a script that goes on as binary data.',
    limits: ['The payload begins in the first 4 MiB.'],
    references: ['makeself: https://makeself.io/'],
    limitations: [
      'A payload that the script itself alters before it unpacks it is examined as it is stored.',
    ],
  },
  async unpack({ stream }, sink) {
    const reader = new ByteReader(stream);
    const start = await reader.exactly(SEARCHED_BYTES);
    const at = payloadAt(start);
    if (at === null) throw new Unsupported('where the payload begins was not found');
    await sink.member({ name: 'payload', size: null, content: joined(start.subarray(at), reader) });
  },
};

async function* joined(start: Buffer, reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  if (start.length > 0) yield start;
  yield* reader.rest();
}

/** The first line that begins like an archive; without, the first that is no text. Never the very first. */
function payloadAt(bytes: Buffer): number | null {
  let firstBinary: number | null = null;
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at);
    const next = end < 0 ? bytes.length : end + 1;
    if (at > 0 && beginsArchive(bytes, at)) return at;
    if (at > 0) firstBinary ??= bytes.subarray(at, next).includes(0) ? at : null;
    at = next;
  }
  return firstBinary;
}

function beginsArchive(bytes: Buffer, at: number): boolean {
  const tarAt = at + TAR_MAGIC_AT;
  return (
    MAGICS.some((magic) => bytes.subarray(at, at + magic.length).equals(magic)) ||
    bytes.subarray(tarAt, tarAt + TAR_MAGIC.length).equals(TAR_MAGIC)
  );
}
