import type { ByteReader } from '../byte-reader.ts';
import { Damaged } from '../trouble.ts';

/** X.690, 8.1: one tag and its length; null: it ends with an end mark (indefinite form). */
export interface BerHeader {
  readonly tag: number;
  readonly length: number | null;
}

const CONSTRUCTED = 0x20;
const OCTETS = 0x04;
/** Values in each other; CMS has six levels before its content. */
const MAX_DEPTH = 32;

export async function readHeader(reader: ByteReader): Promise<BerHeader> {
  const head = await reader.exactly(2);
  if (head.length < 2) throw new Damaged('cut off in a BER header');
  const tag = head.readUInt8(0);
  const first = head.readUInt8(1);
  if ((tag & 0x1f) === 0x1f) throw new Damaged('a BER tag of more than one byte');
  if (first < 0x80) return { tag, length: first };
  if (first === 0x80) return { tag, length: null };
  const count = first & 0x7f;
  const bytes = await reader.exactly(count);
  if (count > 6 || bytes.length < count) throw new Damaged('a BER length that cannot be');
  return { tag, length: bytes.readUIntBE(0, count) };
}

export async function expectTag(reader: ByteReader, tag: number): Promise<BerHeader> {
  const header = await readHeader(reader);
  if (header.tag !== tag) throw new Damaged(`BER tag ${header.tag} where ${tag} should be`);
  return header;
}

/** Passes over a value, its header already read or not. */
export async function skipValue(reader: ByteReader, read?: BerHeader, depth = 0): Promise<void> {
  const { length } = read ?? (await readHeader(reader));
  if (depth > MAX_DEPTH) throw new Damaged(`BER values nested more than ${MAX_DEPTH} deep`);
  if (length !== null) {
    if ((await reader.skip(length)) < length) throw new Damaged('cut off in a BER value');
    return;
  }
  for (;;) {
    const inner = await readHeader(reader);
    if (inner.tag === 0 && inner.length === 0) return;
    await skipValue(reader, inner, depth + 1);
  }
}

/** The bytes of an octet string, in one piece or in several (X.690, 8.7). */
export async function* octets(reader: ByteReader, depth = 0): AsyncGenerator<Buffer, void, undefined> {
  yield* octetsOf(reader, await readHeader(reader), depth);
}

async function* octetsOf(
  reader: ByteReader,
  { tag, length }: BerHeader,
  depth: number,
): AsyncGenerator<Buffer, void, undefined> {
  if (depth > MAX_DEPTH) throw new Damaged(`BER values nested more than ${MAX_DEPTH} deep`);
  if ((tag & ~CONSTRUCTED) !== OCTETS) throw new Damaged('the content is no octet string');
  if ((tag & CONSTRUCTED) === 0) {
    if (length === null) throw new Damaged('an octet string without length');
    yield* bytesOf(reader, length);
    return;
  }
  const end = length === null ? null : reader.position + length;
  for (;;) {
    if (end !== null && reader.position >= end) return;
    const inner = await readHeader(reader);
    if (end === null && inner.tag === 0 && inner.length === 0) return;
    yield* octetsOf(reader, inner, depth + 1);
  }
}

async function* bytesOf(reader: ByteReader, length: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = length; left > 0;) {
    const part = await reader.next(left);
    if (part === null) throw new Damaged(`cut off: ${left} bytes are missing`);
    left -= part.length;
    yield part;
  }
}
