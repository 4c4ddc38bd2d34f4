import { crc32 } from 'node:zlib';
import type { ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink, Member, UnpackContext } from '../format.ts';
import { AFTER_THE_END, innerName } from '../inner-name.ts';
import { decodedStream } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';

const HEADER_BYTES = 6;
/** CRC-32, size of the content, size of the member. */
const TRAILER_BYTES = 20;
const MAGIC = Buffer.from('LZIP\x01', 'latin1');

export const unpacker: Unpacker = {
  doc: {
    name: 'lzip',
    description: 'LZMA streams with check sums; several may follow each other.',
    recognised: '`LZIP\\x01` at 0',
    limits: ['what follows the last member is looked for in the last 4 MiB'],
    references: ['The lzip format: https://www.nongnu.org/lzip/manual/lzip_manual.html#File-format'],
    limitations: ['What follows the last member is found up to 4 MiB from the end; beyond that it is a gap.'],
  },
  async unpack({ source, name }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    const { parts, end } = await memberRanges(source);
    if (parts.length === 0) {
      await cutOff(source, innerName(name), sink, context);
      return;
    }
    await sink.member({ name: innerName(name), size: null, content: content(source, parts, context) });
    const rest = new ByteReader(source.stream(end));
    if (await rest.skipZeros())
      await sink.member({ name: AFTER_THE_END, size: source.size - end, content: rest.rest() });
  },
};

interface Part {
  readonly start: number;
  readonly end: number;
  readonly dictionary: number;
}

/** Members stored in one file; the trailers lead from the end to the beginning. */
const MAX_PARTS = 1_000_000;

/** The members in order, as the trailers say, and where the last ends. None when they do not lead to the beginning. */
async function memberRanges(source: ByteSource): Promise<{ parts: Part[]; end: number }> {
  const fileEnd = await lastTrailer(source);
  const parts: Part[] = [];
  for (let end = fileEnd; end > 0;) {
    const trailer = await bytesAt(source, end - TRAILER_BYTES, TRAILER_BYTES);
    const size = trailer.length < TRAILER_BYTES ? 0 : Number(trailer.readBigUInt64LE(12));
    const start = end - size;
    if (size < HEADER_BYTES + TRAILER_BYTES || start < 0 || parts.length >= MAX_PARTS)
      return { parts: [], end: 0 };
    const header = await bytesAt(source, start, HEADER_BYTES);
    if (!header.subarray(0, 5).equals(MAGIC)) return { parts: [], end: 0 };
    parts.push({ start, end, dictionary: dictionarySize(header.readUInt8(5)) });
    end = start;
  }
  return { parts: parts.toReversed(), end: fileEnd };
}

/** Searched for the last trailer, from the end: what stands behind it may be anything. */
const SEARCHED_BYTES = 4 * 1024 * 1024;
/** Places that look like a trailer: noise has none in a million. */
const MAX_CANDIDATES = 1000;

/** Where the last member ends: its trailer says how far back a member begins, and one does. The file's end without. */
async function lastTrailer(source: ByteSource): Promise<number> {
  const searched = Math.min(source.size, SEARCHED_BYTES);
  const tail = await bytesAt(source, source.size - searched, searched);
  for (let length = tail.length, candidates = 0; length >= TRAILER_BYTES; length--) {
    // Sizes have at most six bytes: everything else is seen by the last two.
    if (tail[length - 1] !== 0 || tail[length - 2] !== 0) continue;
    const end = source.size - tail.length + length;
    const size = Number(tail.readBigUInt64LE(length - 8));
    if (size < HEADER_BYTES + TRAILER_BYTES || size > end) continue;
    if ((await bytesAt(source, end - size, MAGIC.length)).equals(MAGIC)) return end;
    if (++candidates > MAX_CANDIDATES) break;
  }
  return source.size;
}

function dictionarySize(coded: number): number {
  const base = 2 ** (coded & 0x1f);
  return base - (base / 16) * (coded >> 5);
}

async function bytesAt(source: ByteSource, position: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  return bytes.subarray(0, position < 0 ? 0 : await source.readAt(bytes, position));
}

async function* content(
  source: ByteSource,
  parts: readonly Part[],
  context: UnpackContext,
): AsyncGenerator<Buffer> {
  for (const part of parts) {
    const trailer = await bytesAt(source, part.end - TRAILER_BYTES, TRAILER_BYTES);
    let sum = 0;
    let size = 0;
    for await (const chunk of decodePart(source, part, part.end - TRAILER_BYTES, context)) {
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk;
    }
    if (trailer.readUInt32LE(0) !== sum) throw new Damaged('the check sum does not match the content');
    if (Number(trailer.readBigUInt64LE(4)) !== size) throw new Damaged('the size does not match the content');
  }
}

/** A member's LZMA data under the header of an .lzma file, which 7-Zip reads: lc=3 lp=0 pb=2, size unknown. */
function decodePart(
  source: ByteSource,
  part: Part,
  end: number,
  context: UnpackContext,
): AsyncGenerator<Buffer> {
  return decodedStream(asLzma(source, part, end), 'lzma', context);
}

async function* asLzma(source: ByteSource, part: Part, end: number): AsyncGenerator<Buffer> {
  const header = Buffer.alloc(13, 0xff);
  header.writeUInt8(0x5d, 0);
  // 7-Zip takes only powers of two; a larger window decodes the same.
  header.writeUInt32LE(2 ** Math.ceil(Math.log2(Math.max(4096, part.dictionary))), 1);
  yield header;
  yield* source.stream(part.start + HEADER_BYTES, end);
}

/** No trailers to go by: what can be decoded of the first member, then the gap. */
async function cutOff(
  source: ByteSource,
  name: Member['name'],
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const header = await bytesAt(source, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || !header.subarray(0, 5).equals(MAGIC))
    throw new Damaged('no lzip header');
  const part = { start: 0, end: source.size, dictionary: dictionarySize(header.readUInt8(5)) };
  await sink.member({ name, size: null, content: decodePart(source, part, source.size, context) });
  throw new Damaged('the trailers do not lead back to the beginning: cut off, or followed by other data');
}
