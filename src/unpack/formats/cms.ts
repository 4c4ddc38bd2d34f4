import { ByteReader } from '../byte-reader.ts';
import { expectTag, octets, readHeader, skipValue } from '../cms/ber.ts';
import type { Unpacker } from '../format.ts';
import { Damaged, NeedsPassword, Unsupported } from '../trouble.ts';
import { inflated } from '../zlib-pump.ts';

/** RFC 5652, 4 to 9, and RFC 3274: content types by their object identifiers, as they are encoded. */
const DATA = '2a864886f70d010701';
const SIGNED = '2a864886f70d010702';
const LOCKED: Readonly<Record<string, string>> = {
  '2a864886f70d010703': 'encrypted for its recipients',
  '2a864886f70d010706': 'encrypted',
  '2a864886f70d0109100117': 'encrypted for its recipients',
};
const COMPRESSED = '2a864886f70d0109100109';
const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;
const EXPLICIT = 0xa0;
const MAX_IDENTIFIER = 64;

export const unpacker: Unpacker = {
  doc: {
    name: 'Signed data (CMS, S/MIME)',
    description: 'What is signed or compressed in a .p7m; what is encrypted for recipients is a gap.',
    recognised: 'a DER sequence that names signed, enveloped or compressed data',
    limits: ['32 levels of nesting'],
    references: ['RFC 5652: https://www.rfc-editor.org/rfc/rfc5652'],
    limitations: [
      'The signature is not verified',
      'The certificates behind the content are seen as they stand',
    ],
  },
  async unpack(container, sink) {
    const reader = new ByteReader(container.stream);
    await expectTag(reader, SEQUENCE);
    const type = await identifier(reader);
    const locked = LOCKED[type];
    if (locked !== undefined) throw new NeedsPassword(locked);
    if (type !== SIGNED && type !== COMPRESSED) throw new Unsupported(`CMS content of type ${type}`);
    await expectTag(reader, EXPLICIT);
    await expectTag(reader, SEQUENCE);
    await skipValue(reader);
    const algorithms = await readHeader(reader);
    if (algorithms.tag !== SET && algorithms.tag !== SEQUENCE) throw new Damaged('no CMS algorithms');
    await skipValue(reader, algorithms);
    await expectTag(reader, SEQUENCE);
    const inner = await identifier(reader);
    const next = await readHeader(reader);
    // A signature that stands apart from what it signs has no content.
    if (next.tag !== EXPLICIT) return;
    const bytes = octets(reader);
    const content = type === COMPRESSED ? inflated(new ByteReader(bytes)) : bytes;
    const name = inner === DATA ? container.name.replace(/\.p7[ms]$/i, '') : '(content)';
    await sink.member({ name, size: null, content });
  },
};

async function identifier(reader: ByteReader): Promise<string> {
  const { tag, length } = await readHeader(reader);
  if (tag !== OBJECT_IDENTIFIER || length === null || length > MAX_IDENTIFIER)
    throw new Damaged('no CMS content type');
  return (await reader.exactly(length)).toString('hex');
}
