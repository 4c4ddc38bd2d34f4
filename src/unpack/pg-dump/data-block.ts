import { ByteReader } from '../byte-reader.ts';
import type { Container, FormatSink, UnpackContext } from '../format.ts';
import { unpacker as lz4 } from '../formats/lz4.ts';
import { unpacker as zstd } from '../formats/zstd.ts';
import { Damaged } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { inflated } from '../zlib-pump.ts';
import { intOf } from './fields.ts';
import type { Compression } from './listing.ts';
import { sinkThrough } from './sink-through.ts';

/** One stretch of data as pieces, each behind its length, ended by one of length 0: pg_backup_custom.c. */
export class Pieces implements AsyncIterable<Buffer> {
  readonly #reader: ByteReader;
  readonly #intSize: number;
  /** Bytes left of the piece that is being read. */
  #left = 0;
  #ended = false;
  /** The archive ends in the midst of it: nothing follows that could be read. */
  cut = false;

  constructor(reader: ByteReader, intSize: number) {
    this.#reader = reader;
    this.#intSize = intSize;
  }

  /** Without `return`: whoever leaves early leaves the rest to `drain`. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return {
      next: async () => {
        const value = await this.#next();
        return value === null ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  async drain(): Promise<void> {
    while ((await this.#next()) !== null);
  }

  async #next(): Promise<Buffer | null> {
    if (this.#ended) return null;
    if (this.#left === 0) {
      this.#left = await this.#length();
      if (this.#left === 0) {
        this.#ended = true;
        return null;
      }
    }
    const part = await this.#reader.next(this.#left);
    if (part === null) throw this.#broken('cut off in a block of data');
    this.#left -= part.length;
    return part;
  }

  async #length(): Promise<number> {
    const bytes = await this.#reader.exactly(1 + this.#intSize);
    if (bytes.length < 1 + this.#intSize) throw this.#broken('cut off in a block of data');
    let length = -1;
    try {
      length = intOf(bytes);
    } catch {
      // Says no length: like a negative one.
    }
    if (length < 0) throw this.#broken('a piece of data with an impossible length');
    return length;
  }

  #broken(detail: string): Damaged {
    this.cut = true;
    return new Damaged(detail);
  }
}

/**
 * Hands on what is in the pieces, decompressed, as one member; pieces that hold nothing are nobody's member. Throws
 * Damaged and Unsupported for this member.
 */
export async function handOn(
  pieces: Pieces,
  name: string,
  compression: Compression,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const reader = new ByteReader(pieces);
  if ((await reader.peek(1)).length === 0) return;
  if (compression === 'none') await sink.member({ name, size: null, content: reader.rest() });
  else if (compression === 'gzip')
    await wholeStream({ name, content: inflated(reader), reader }, named(sink, name), context);
  else await nested(compression, reader, name, sink, context);
}

async function nested(
  format: 'lz4' | 'zstd',
  reader: ByteReader,
  name: string,
  sink: FormatSink,
  context: UnpackContext,
): Promise<void> {
  const stream = reader.rest();
  const inner: Container = { format, name, depth: 0, size: null, source: null, stream };
  await (format === 'lz4' ? lz4 : zstd).unpack(inner, named(sink, name), context);
}

/** The same sink; what a compressed stream hands to it is called after the entry. */
function named(sink: FormatSink, name: string): FormatSink {
  return sinkThrough(sink, (member) =>
    sink.member(member.name === name ? member : { ...member, name: `${name} ${String(member.name)}` }),
  );
}
