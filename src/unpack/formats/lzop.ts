import { crc32 } from 'node:zlib';
import { adler32 } from '../adler32.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { HiddenPieces } from '../hidden-pieces.ts';
import { innerName } from '../inner-name.ts';
import { decodeLzo } from '../lzo-block.ts';
import { Damaged, OverBudget, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';

const MAGIC = Buffer.from('\x89LZO\0\r\n\x1a\n', 'latin1');
const FLAG = {
  adlerPlain: 1,
  adlerStored: 2,
  extra: 0x40,
  crcPlain: 0x100,
  crcStored: 0x200,
  filter: 0x800,
} as const;
/** lzop 1.04 makes blocks of 256 KiB, and would read 64 MiB: that much is not given. */
const MAX_BLOCK_BYTES = 8 * 1024 * 1024;
/** LZO1X, in its three ways to compress. */
const METHODS = [1, 2, 3];

export const unpacker: Unpacker = {
  doc: {
    name: 'lzop',
    description: 'A compressed stream of LZO1X blocks with check sums.',
    recognised: '`89 4C 5A 4F` at 0.',
    limits: ['Blocks of up to 8 MiB; lzop makes 256 KiB.'],
    references: ['lzop: https://www.lzop.org/', 'LZO1X: https://docs.kernel.org/staging/lzo.html'],
    limitations: ['Filters, which lzop itself never writes, are a gap.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const hidden = new HiddenPieces();
    const content = decodeBlocks(reader, hidden, context.signal);
    const between = (): Promise<void> => hidden.handOn(sink);
    await wholeStream({ name: innerName(container.name), content, reader, between }, sink, context);
  },
};

async function* decodeBlocks(
  reader: ByteReader,
  hidden: HiddenPieces,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const flags = await passHeader(reader, hidden);
  for (;;) {
    signal.throwIfAborted();
    const size = await figure(reader);
    if (size === 0) return;
    const stored = await figure(reader);
    if (size > MAX_BLOCK_BYTES)
      throw new OverBudget(`a block of ${size} bytes; at most ${MAX_BLOCK_BYTES} are unpacked`);
    if (stored > size || stored === 0) throw new Damaged(`a block of ${size} bytes in ${stored}`);
    const adler = (flags & FLAG.adlerPlain) !== 0 ? await figure(reader) : null;
    const crc = (flags & FLAG.crcPlain) !== 0 ? await figure(reader) : null;
    // What is not compressed has no second sums.
    if (stored < size && (flags & FLAG.adlerStored) !== 0) await figure(reader);
    if (stored < size && (flags & FLAG.crcStored) !== 0) await figure(reader);
    const block = await wanted(reader, stored);
    const content = stored < size ? decodeLzo(block, size) : block;
    yield content;
    if ((adler !== null && adler !== adler32(content)) || (crc !== null && crc !== crc32(content)))
      throw new Damaged('the check sum of a block does not match');
  }
}

/** lzop 1.04, lzop.c: read_header. Returns the flags. */
async function passHeader(reader: ByteReader, hidden: HiddenPieces): Promise<number> {
  if (!(await wanted(reader, MAGIC.length)).equals(MAGIC)) throw new Damaged('no lzop header');
  const version = (await wanted(reader, 2)).readUInt16BE(0);
  const modern = version >= 0x0940;
  await wanted(reader, modern ? 4 : 2);
  const method = (await wanted(reader, 1)).readUInt8(0);
  if (modern) await wanted(reader, 1);
  const flags = await figure(reader);
  if (!METHODS.includes(method) || (flags & FLAG.filter) !== 0)
    throw new Unsupported(`lzop method ${method} with flags ${flags.toString(16)}`);
  await wanted(reader, modern ? 12 : 8);
  await wanted(reader, (await wanted(reader, 1)).readUInt8(0));
  await figure(reader);
  if ((flags & FLAG.extra) !== 0) {
    if (!(await hidden.take(reader, await figure(reader), '(lzop extra field)')))
      throw new Damaged('cut off');
    await figure(reader);
  }
  return flags;
}

async function figure(reader: ByteReader): Promise<number> {
  return (await wanted(reader, 4)).readUInt32BE(0);
}

async function wanted(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.exactly(count);
  if (bytes.length < count) throw new Damaged('cut off in the middle of a block');
  return bytes;
}
