import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { ByteSource } from '../../bytes/index.ts';
import { Damaged } from '../trouble.ts';
import type { Extent } from './record.ts';

const inflated = promisify(inflate);

/** zisofs 1 (Linux, fs/isofs/compress.c): magic, size, header size, block size, then pointers to deflated blocks. */
const MAGIC = Buffer.from([0x37, 0xe4, 0x53, 0x96, 0xc9, 0xdb, 0xd6, 0x07]);
const HEADER_BYTES = 16;
/** Blocks have 32, 64 or 128 KiB. */
const BLOCK_BITS = [15, 16, 17];
/** Pointers read at a time. */
const POINTERS = 4096;

/** The content, of `expected` bytes, of a file that is stored compressed within the extent. Throws Damaged. */
export async function* zisofsContent(
  source: ByteSource,
  { start, length }: Extent,
  expected: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const header = Buffer.alloc(HEADER_BYTES);
  if ((await source.readAt(header, start)) < HEADER_BYTES || !header.subarray(0, 8).equals(MAGIC))
    throw new Damaged('no zisofs header, where there must be one');
  const size = header.readUInt32LE(8);
  const bits = header.readUInt8(13);
  if (header.readUInt8(12) * 4 !== HEADER_BYTES || !BLOCK_BITS.includes(bits))
    throw new Damaged('a zisofs header that cannot be');
  const blockBytes = 1 << bits;
  const pointers = new Pointers(source, start + HEADER_BYTES, Math.ceil(size / blockBytes) + 1);
  let from = await pointers.at(0);
  for (let block = 0; block * blockBytes < size; block++) {
    signal.throwIfAborted();
    const to = await pointers.at(block + 1);
    const wanted = Math.min(blockBytes, size - block * blockBytes);
    if (to < from || to > length || to - from > blockBytes * 2)
      throw new Damaged('zisofs blocks that cannot be');
    yield to === from ? Buffer.alloc(wanted) : await inflatedBlock(source, start + from, to - from, wanted);
    from = to;
  }
  if (size !== expected) throw new Damaged(`${size} bytes by its header, ${expected} by the folder`);
}

async function inflatedBlock(
  source: ByteSource,
  start: number,
  length: number,
  wanted: number,
): Promise<Buffer> {
  const stored = Buffer.alloc(length);
  if ((await source.readAt(stored, start)) < length) throw new Damaged('cut off in a zisofs block');
  const content = await inflated(stored, { maxOutputLength: wanted }).catch(() => null);
  if (content?.length !== wanted) throw new Damaged('a zisofs block that cannot be inflated');
  return content;
}

/** The table of pointers, a piece at a time. */
class Pointers {
  readonly #source: ByteSource;
  readonly #start: number;
  readonly #count: number;
  #piece = Buffer.alloc(0);
  #first = 0;

  constructor(source: ByteSource, start: number, count: number) {
    this.#source = source;
    this.#start = start;
    this.#count = count;
  }

  async at(index: number): Promise<number> {
    if (index < this.#first || (index - this.#first) * 4 >= this.#piece.length) {
      const piece = Buffer.alloc(Math.min(POINTERS, this.#count - index) * 4);
      if ((await this.#source.readAt(piece, this.#start + index * 4)) < piece.length)
        throw new Damaged('cut off in the zisofs pointers');
      this.#piece = piece;
      this.#first = index;
    }
    return this.#piece.readUInt32LE((index - this.#first) * 4);
  }
}
