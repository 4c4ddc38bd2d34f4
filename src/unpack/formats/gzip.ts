import { setImmediate } from 'node:timers/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { HiddenPieces } from '../hidden-pieces.ts';
import { inflateAtOnce } from '../inflate-at-once.ts';
import { innerName } from '../inner-name.ts';
import { Damaged, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { isZlibError, pump, wordsFor } from '../zlib-pump.ts';

const OUTPUT_BYTES = 128 * 1024;
/** What is decoded in one call, compressed and not: a block of bgzip fits. */
const SMALL_BYTES = 64 * 1024;
/** In bytes: what a file system takes (NAME_MAX). */
const LONGEST_NAME = 255;
const MEMBERS_A_TURN = 256;
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

export const unpacker: Unpacker = {
  doc: {
    name: 'gzip',
    description:
      'A compressed stream (deflate) with check sum; several may follow each other. Long comments and extra fields are members.',
    recognised: '`\\x1F\\x8B\\x08` at 0',
    limits: ['4 MiB of what stands beside the content (extra fields, comments)'],
    references: ['RFC 1952: https://www.rfc-editor.org/rfc/rfc1952'],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const hidden = new HiddenPieces();
    const content = gunzip(reader, hidden, context.signal);
    const between = (): Promise<void> => hidden.handOn(sink);
    await wholeStream({ name: innerName(container.name), content, reader, between }, sink, context);
  },
};

async function* gunzip(
  reader: ByteReader,
  hidden: HiddenPieces,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  for (let count = 0; ; count++) {
    // Millions of small ones leave no moment in which time could be up.
    if (count % MEMBERS_A_TURN === MEMBERS_A_TURN - 1) await setImmediate();
    signal.throwIfAborted();
    const magic = await reader.peek(2);
    if (magic.length < 2 || magic[0] !== 0x1f || magic[1] !== 0x8b) {
      if (count === 0) throw new Damaged('no gzip header');
      return;
    }
    await passHeader(reader, hidden);
    // Thousands of small ones after another (bgzip, logs): a decoder for each would cost more than its bytes.
    if (count === 0 || !(yield* smallMember(reader))) yield* member(reader);
  }
}

/** A member that is small and all there already. Tells whether it was one; if not, nothing was taken. */
async function* smallMember(reader: ByteReader): AsyncGenerator<Buffer, boolean, undefined> {
  const there = await reader.next(SMALL_BYTES);
  if (there === null) return false;
  const decoded = inflateAtOnce(there, 'raw', SMALL_BYTES);
  reader.giveBack(there.length - (decoded?.used ?? 0));
  if (decoded === null) return false;
  if (decoded.content.length > 0) yield decoded.content;
  await checkTrailer(reader, crc32(decoded.content), decoded.content.length);
  return true;
}

async function* member(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  let sum = 0;
  let size = 0;
  try {
    for await (const chunk of pump(createInflateRaw({ chunkSize: OUTPUT_BYTES }), reader)) {
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error) ? new Damaged(wordsFor(error, size)) : error;
  }
  await checkTrailer(reader, sum, size);
}

async function checkTrailer(reader: ByteReader, sum: number, size: number): Promise<void> {
  const trailer = await reader.exactly(8);
  if (trailer.length < 8) throw new Damaged(`cut off in the trailer, after ${size} bytes of content`);
  if (trailer.readUInt32LE(0) !== sum) throw new Damaged('the check sum does not match the content');
  if (trailer.readUInt32LE(4) !== size % 2 ** 32) throw new Damaged('the size does not match the content');
}

/** What the header carries is examined where it is more than a name or a few figures. */
async function passHeader(reader: ByteReader, hidden: HiddenPieces): Promise<void> {
  const header = await reader.exactly(10);
  if (header.length < 10) throw new Damaged('cut off in the header');
  const flags = header.readUInt8(3);
  if (header.readUInt8(2) !== 8) throw new Unsupported(`gzip method ${header.readUInt8(2)}`);
  if ((flags & FLAG.reserved) !== 0) throw new Damaged('reserved bits are set in the header');
  if ((flags & FLAG.extra) !== 0) {
    const length = await reader.exactly(2);
    if (length.length === 2) await hidden.take(reader, length.readUInt16LE(0), '(gzip extra field)');
  }
  if ((flags & FLAG.name) !== 0) await hidden.takeText(reader, '(gzip file name)', LONGEST_NAME);
  if ((flags & FLAG.comment) !== 0) await hidden.takeText(reader, '(gzip comment)');
  if ((flags & FLAG.headerCrc) !== 0) await reader.skip(2);
}
