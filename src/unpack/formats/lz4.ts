import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { HiddenPieces } from '../hidden-pieces.ts';
import { innerName } from '../inner-name.ts';
import { decodeBlock } from '../lz4-block.ts';
import { Damaged, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { Xxh32 } from '../xxh32.ts';

const FRAME = 0x184d2204;
const LEGACY = 0x184c2102;
/** 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE = 0x184d2a50;
/** Frames of up to this size hold a few figures. */
const PLAIN_SKIPPABLE_BYTES = 16;
const WINDOW_BYTES = 64 * 1024;
const LEGACY_BLOCK_BYTES = 8 * 1024 * 1024;
const UNCOMPRESSED = 0x80000000;
const FLAG = {
  version: 0xc0,
  blockSum: 0x10,
  contentSize: 8,
  contentSum: 4,
  reserved: 2,
  dictionary: 1,
} as const;

// No library on the registry decodes LZ4 frames as a stream (they want the whole frame in memory), so this does.
export const unpacker: Unpacker = {
  doc: {
    name: 'LZ4',
    description:
      'A compressed stream of LZ4 frames, also the legacy frames of Linux kernels, with check sums.',
    recognised:
      '`\\x04\\x22\\x4D\\x18` (or the legacy `\\x02\\x21\\x4C\\x18`) at 0, or after skippable frames',
    limits: ['4 MiB of skippable frames'],
    references: ['LZ4 frame format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md'],
    limitations: ['External dictionaries are a gap.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const hidden = new HiddenPieces();
    const content = decodeFrames(reader, hidden, context.signal);
    const between = (): Promise<void> => hidden.handOn(sink);
    await wholeStream({ name: innerName(container.name), content, reader, between }, sink, context);
  },
};

async function* decodeFrames(
  reader: ByteReader,
  hidden: HiddenPieces,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  for (let first = true; ; first = false) {
    // Millions of empty ones give no chunk on which time is looked at.
    signal.throwIfAborted();
    const head = await reader.peek(4);
    const magic = head.length < 4 ? null : head.readUInt32LE(0);
    if (magic === FRAME) yield* decodeFrame(reader);
    else if (magic === LEGACY) yield* decodeLegacy(reader);
    else if (magic !== null && (magic & ~0xf) >>> 0 === SKIPPABLE) await skipFrame(reader, hidden);
    else if (first) throw new Damaged('no LZ4 frame');
    else return;
  }
}

async function skipFrame(reader: ByteReader, hidden: HiddenPieces): Promise<void> {
  const header = await wanted(reader, 8);
  const size = header.readUInt32LE(4);
  if (!(await hidden.take(reader, size, '(skippable frame)', PLAIN_SKIPPABLE_BYTES)))
    throw new Damaged('cut off in a skippable frame');
}

async function* decodeFrame(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const { flags, blockBytes } = await frameHeader(reader);
  const sum = new Xxh32();
  // What was decoded last stays before the next block: matches reach back up to 64 KiB.
  const buffer = Buffer.alloc(WINDOW_BYTES + blockBytes);
  let start = 0;
  for (;;) {
    const word = (await wanted(reader, 4)).readUInt32LE(0);
    if (word === 0) break;
    const size = word % UNCOMPRESSED;
    if (size > blockBytes) throw new Damaged(`a block of ${size} bytes, where ${blockBytes} is the most`);
    const block = await wanted(reader, size);
    if ((flags & FLAG.blockSum) !== 0) await check(reader, new Xxh32().update(block), 'a block');
    const end =
      word >= UNCOMPRESSED ? start + block.copy(buffer, start) : decodeInto(block, buffer, start, blockBytes);
    const content = buffer.subarray(start, end);
    if ((flags & FLAG.contentSum) !== 0) sum.update(content);
    if (content.length > 0) yield content;
    const kept = Math.min(end, WINDOW_BYTES);
    buffer.copyWithin(0, end - kept, end);
    start = kept;
  }
  if ((flags & FLAG.contentSum) !== 0) await check(reader, sum, 'the content');
}

function decodeInto(block: Buffer, buffer: Buffer, start: number, limit: number): number {
  return decodeBlock(block, buffer.subarray(0, start + limit), start);
}

interface FrameHeader {
  readonly flags: number;
  /** Largest block, in bytes. */
  readonly blockBytes: number;
}

async function frameHeader(reader: ByteReader): Promise<FrameHeader> {
  await reader.skip(4);
  const start = await wanted(reader, 2);
  const flags = start.readUInt8(0);
  const size = (start.readUInt8(1) >> 4) & 7;
  if ((flags & FLAG.version) !== 0x40 || size < 4) throw new Unsupported('an LZ4 frame of another version');
  const more = await wanted(
    reader,
    ((flags & FLAG.contentSize) !== 0 ? 8 : 0) + ((flags & FLAG.dictionary) !== 0 ? 4 : 0),
  );
  const sum = (await wanted(reader, 1)).readUInt8(0);
  if (((new Xxh32().update(start).update(more).digest() >> 8) & 0xff) !== sum) {
    throw new Damaged('the check sum of the frame header does not match');
  }
  if ((flags & FLAG.dictionary) !== 0) throw new Unsupported('needs a dictionary that is not in the file');
  return { flags, blockBytes: 4 ** (size + 4) };
}

async function* decodeLegacy(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  await reader.skip(4);
  const buffer = Buffer.alloc(LEGACY_BLOCK_BYTES);
  for (;;) {
    const head = await reader.peek(4);
    if (head.length === 0) return;
    if (head.length < 4) throw new Damaged('cut off in a block header');
    const size = head.readUInt32LE(0);
    if (size === FRAME || size === LEGACY || (size & ~0xf) >>> 0 === SKIPPABLE) return;
    if (size > LEGACY_BLOCK_BYTES + LEGACY_BLOCK_BYTES / 255 + 16) {
      throw new Damaged(`a block of ${size} bytes, where 8 MiB is the most`);
    }
    await reader.skip(4);
    const end = decodeBlock(await wanted(reader, size), buffer, 0);
    if (end > 0) yield buffer.subarray(0, end);
  }
}

async function wanted(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.exactly(count);
  if (bytes.length < count) throw new Damaged('cut off in the middle of a frame');
  return bytes;
}

async function check(reader: ByteReader, sum: Xxh32, what: string): Promise<void> {
  const stored = (await wanted(reader, 4)).readUInt32LE(0);
  if (stored !== sum.digest()) throw new Damaged(`the check sum of ${what} does not match`);
}
