import { crc32 } from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';

/** Bytes on their way to a decoder, and what became of them. */
export type Pieces<Result> = AsyncGenerator<Buffer, Result, undefined>;

/** In bytes. */
export interface Lzma2Sizes {
  readonly packed: number;
  readonly unpacked: number;
}

/**
 * The chunks of LZMA2 data at the reader's place, their end mark with them, and no more: nothing is decoded, the sizes in
 * their headers lead from one to the next. null: this is none, or it is cut off. Source: xz, lzma2_decoder.c.
 */
export async function* lzma2Chunks(reader: ByteReader): Pieces<Lzma2Sizes | null> {
  for (let packed = 0, unpacked = 0; ;) {
    const head = await reader.peek(6);
    const control = head[0] ?? 0xff;
    if (control === 0) return (yield* passed(reader, 1)) ? { packed: packed + 1, unpacked } : null;
    const compressed = control >= 0x80;
    if (head.length < 6 || (!compressed && control > 2)) return null;
    const size = compressed
      ? (control >= 0xc0 ? 6 : 5) + head.readUInt16BE(3) + 1
      : 3 + head.readUInt16BE(1) + 1;
    unpacked += head.readUInt16BE(1) + 1 + (compressed ? (control & 0x1f) * 0x1_0000 : 0);
    if (!(yield* passed(reader, size))) return null;
    packed += size;
  }
}

/** `count` bytes; false when there are fewer. */
export async function* passed(reader: ByteReader, count: number): Pieces<boolean> {
  for (let left = count; left > 0;) {
    const part = await reader.next(left);
    if (part === null) return false;
    left -= part.length;
    yield part;
  }
  return true;
}

/** A hostile stream has chunks of four bytes; they cross to the 7-Zip thread in pieces of this size. */
const PIECE_BYTES = 64 * 1024;

export async function* gathered(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  for await (const part of parts) {
    for (let from = 0; from < part.length;) {
      const count = part.copy(piece, filled, from);
      filled += count;
      from += count;
      if (filled < piece.length) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
/** Of a stream without check sums. */
const FLAGS = Buffer.from([0, 0]);
const LZMA2_FILTER = 0x21;
const BLOCK_HEADER_BYTES = 12;
/** In bytes: dictionaries of 2^n, n from 12 on. */
const LEAST_DICTIONARY_BITS = 12;
const MOST_DICTIONARY_BITS = 30;

/**
 * Bare LZMA2 data as an .xz stream, which 7-Zip opens: a header in front, an index behind. `unpacked`: in bytes, what is to
 * come out; no dictionary needs to be larger. Where the data break off, so does the stream. Source: The .xz File Format 1.2.1.
 */
export function asXz(reader: ByteReader, unpacked: number): AsyncGenerator<Buffer, void, undefined> {
  return gathered(wrapped(reader, unpacked));
}

async function* wrapped(reader: ByteReader, unpacked: number): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.concat([MAGIC, FLAGS, sum(FLAGS)]);
  const bits = Math.min(
    MOST_DICTIONARY_BITS,
    Math.max(LEAST_DICTIONARY_BITS, Math.ceil(Math.log2(Math.max(1, unpacked)))),
  );
  const filter = [LZMA2_FILTER, 1, 2 * (bits - LEAST_DICTIONARY_BITS)];
  const block = Buffer.from([BLOCK_HEADER_BYTES / 4 - 1, 0, ...filter, 0, 0, 0]);
  yield Buffer.concat([block, sum(block)]);
  const sizes = yield* lzma2Chunks(reader);
  if (sizes === null) return;
  yield Buffer.alloc(padding(sizes.packed));
  const numbers = [1, BLOCK_HEADER_BYTES + sizes.packed, sizes.unpacked].flatMap(number);
  const index = Buffer.from([0, ...numbers]);
  const padded = Buffer.concat([index, Buffer.alloc(padding(index.length))]);
  const end = Buffer.alloc(6);
  // In groups of four bytes, less one: the index and its sum.
  end.writeUInt32LE(padded.length / 4);
  yield Buffer.concat([padded, sum(padded), sum(end), end, Buffer.from('YZ')]);
}

function padding(bytes: number): number {
  return (4 - (bytes % 4)) % 4;
}

function sum(bytes: Buffer): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(crc32(bytes));
  return four;
}

/** Seven bits a byte, the lowest first. */
function number(value: number): number[] {
  const bytes = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return [...bytes, left];
}
