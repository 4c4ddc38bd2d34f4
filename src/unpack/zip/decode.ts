import { constants, crc32, createInflateRaw, createZstdDecompress, inflateRawSync } from 'node:zlib';
import type { UnpackContext } from '../format.ts';
import type { ByteReader } from '../byte-reader.ts';
import { decodedStream } from '../seven-zip/unpack.ts';
import { Trouble } from '../trouble.ts';
import { isZlibError, pump, wordsFor } from '../zlib-pump.ts';
import type { Reading } from './headers.ts';
import { Unread } from './unread.ts';

/** APPNOTE 4.4.5. */
export const METHOD = { stored: 0, deflate: 8, bzip2: 12, lzma: 14, zstdOld: 20, zstd: 93, xz: 95 } as const;
/** Read by 7-Zip from an archive of one member only: shrink, implode, Deflate64, PPMd. */
const BOXED: ReadonlySet<number> = new Set([1, 6, 9, 98]);
const STREAMED: ReadonlySet<number> = new Set(Object.values(METHOD));
/** Members up to this size, stored and unpacked, are decoded in one call. */
export const SMALL_BYTES = 256 * 1024;
const OUTPUT_BYTES = 128 * 1024;
/** As for .zst files: 128 MiB. */
const ZSTD_WINDOW_LOG = 27;
/** Version of the LZMA SDK, length of the properties, and those (APPNOTE 5.8.8). */
const LZMA_HEADER_BYTES = 9;

export function isBoxed(method: number): boolean {
  return BOXED.has(method);
}

export function isKnown(method: number): boolean {
  return STREAMED.has(method) || BOXED.has(method);
}

/** Whether the decoder leaves what follows the compressed data in its reader. */
export function knowsItsEnd(method: number): boolean {
  return method === METHOD.deflate || method === METHOD.zstd || method === METHOD.zstdOld;
}

export interface Small {
  readonly content: Buffer;
  /** How many of the packed bytes that took. */
  readonly used: number;
}

/** The whole content of a small member; null: not small, or not what it says it is: the stream shows how far it goes. */
export function decodeSmall({ method, size }: Reading, packed: Buffer): Small | null {
  if (packed.length > SMALL_BYTES || size > SMALL_BYTES) return null;
  if (method === METHOD.stored) return { content: packed, used: packed.length };
  if (method !== METHOD.deflate) return null;
  try {
    const answer: unknown = inflateRawSync(packed, { info: true, maxOutputLength: Math.max(1, size) });
    return isInflated(answer) ? { content: answer.buffer, used: answer.engine.bytesWritten } : null;
  } catch {
    return null;
  }
}

/** What `info: true` returns; the types do not know it. */
function isInflated(
  value: unknown,
): value is { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } } {
  return typeof value === 'object' && value !== null && 'buffer' in value && 'engine' in value;
}

/** The content as it is decoded from `reader`, which stands at the end of the packed data afterwards. */
export function decoded(
  reading: Reading,
  reader: ByteReader,
  context: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  switch (reading.method) {
    case METHOD.stored:
      return reader.rest();
    case METHOD.deflate:
      return pump(createInflateRaw({ chunkSize: outputBytes(reading) }), reader);
    case METHOD.zstd:
    case METHOD.zstdOld:
      return zstdFrames(reader, context);
    case METHOD.bzip2:
      return decodedStream(reader.rest(), 'bzip2', context);
    case METHOD.xz:
      return decodedStream(reader.rest(), 'xz', context);
    case METHOD.lzma:
      return decodedStream(lzmaAlone(reading, reader), 'lzma', context);
    default:
      throw new Unread(
        'unsupported_format',
        `compressed with method ${reading.method}, which nobody here reads`,
      );
  }
}

/** The decoder ends with each frame; several may follow each other. */
async function* zstdFrames(
  reader: ByteReader,
  { signal }: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
  do {
    signal.throwIfAborted();
    yield* pump(createZstdDecompress({ chunkSize: OUTPUT_BYTES, params }), reader);
  } while (isFrame(await reader.peek(4)));
}

/** RFC 8878: a frame, or one that decoders pass over. */
function isFrame(magic: Buffer): boolean {
  if (magic.length < 4) return false;
  const word = magic.readUInt32LE(0);
  return word === 0xfd2fb528 || word >>> 4 === 0x184d2a5;
}

/** A small member gets a small buffer: an archive of 100,000 would fill and free gigabytes. */
function outputBytes({ size }: Reading): number {
  return Math.max(1024, Math.min(OUTPUT_BYTES, size + 64));
}

/** The same data as a .lzma file: other header, with the size where no mark ends them. */
async function* lzmaAlone(reading: Reading, reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const header = await reader.exactly(LZMA_HEADER_BYTES);
  if (header.length < LZMA_HEADER_BYTES || header.readUInt16LE(2) !== 5)
    throw new Unread('corrupt', 'no LZMA header');
  const size = Buffer.alloc(8, 0xff);
  if (!reading.endMark) size.writeBigUInt64LE(BigInt(Math.min(reading.size, Number.MAX_SAFE_INTEGER)));
  yield Buffer.concat([header.subarray(4), size]);
  yield* reader.rest();
}

/** Passes `content` on; at its end throws Unread when size or check sum are not as declared, or it broke off. */
export async function* checked(
  { size, crc }: Reading,
  content: AsyncIterable<Buffer>,
  { signal }: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  let sum = 0;
  let length = 0;
  try {
    for await (const chunk of content) {
      if (crc !== null) sum = crc32(chunk, sum);
      length += chunk.length;
      yield chunk;
    }
  } catch (error) {
    // Time that is up looks like any other trouble.
    if (signal.aborted) throw error;
    if (isZlibError(error)) throw new Unread('corrupt', wordsFor(error, length));
    throw error instanceof Trouble ? new Unread(error.reason, error.message) : error;
  }
  if (size === Infinity) throw new Unread('corrupt', 'nothing tells where it ends');
  if (length !== size) throw new Unread('corrupt', `${size} bytes declared, ${length} came out`);
  if (crc !== null && sum !== crc) throw new Unread('corrupt', 'the check sum does not match the content');
}

/** Whether these bytes are what the headers promise. */
export function isProven({ size, crc }: Reading, content: Buffer): boolean {
  return content.length === size && (crc === null || crc32(content) === crc);
}
