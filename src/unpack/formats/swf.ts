import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { AFTER_THE_END, innerName } from '../inner-name.ts';
import { decodedStream } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';
import { inflated } from '../zlib-pump.ts';

const HEADER_BYTES = 8;
/** SWF 19, "DefineBinaryData". */
const BINARY_DATA = 87;
const END = 0;
const LONG = 0x3f;

export const unpacker: Unpacker = {
  doc: {
    name: 'Flash (SWF)',
    description:
      'The film within its compression (zlib, LZMA), and the binary data that it carries; pictures and sounds are seen within the film.',
    recognised: '`FWS`, `CWS` or `ZWS` at 0 and a plausible header',
    limits: [],
    references: ['SWF 19: https://open-flash.github.io/mirrors/swf-spec-19.pdf'],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const header = await reader.exactly(HEADER_BYTES);
    const kind = header.toString('latin1', 0, 3);
    if (header.length < HEADER_BYTES) throw new Damaged('cut off in the header');
    if (kind === 'FWS') await film(header.readUInt32LE(4), reader, sink, context);
    else if (kind === 'CWS') await packed(container.name, header, inflated(reader), sink);
    else if (kind === 'ZWS') await packed(container.name, header, fromLzma(header, reader, context), sink);
    else throw new Damaged('no SWF header');
    if (await reader.skipZeros())
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
  },
};

/** The film as it would lie there without compression: it is recognised as one and looked into. */
async function packed(
  name: string,
  header: Buffer,
  body: AsyncGenerator<Buffer, void, undefined>,
  sink: FormatSink,
): Promise<void> {
  const plain = Buffer.from(header);
  plain[0] = 0x46;
  const content = headed(plain, body, header.readUInt32LE(4) - HEADER_BYTES);
  try {
    const left = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
    await sink.member({ name: innerName(name), size: null, content: left });
    for await (const _ of content);
  } finally {
    await content.return();
  }
}

async function* headed(
  header: Buffer,
  body: AsyncIterable<Buffer>,
  declared: number,
): AsyncGenerator<Buffer, void, undefined> {
  yield header;
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    yield chunk;
  }
  if (size < declared) throw new Damaged(`${declared} bytes declared, ${size} came out`);
}

/** SWF 19, chapter 2: the compressed length, then LZMA's five bytes; .lzma has the size behind them. */
async function* fromLzma(
  header: Buffer,
  reader: ByteReader,
  context: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  await reader.skip(4);
  const properties = await reader.exactly(5);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(Math.max(0, header.readUInt32LE(4) - HEADER_BYTES)));
  yield* decodedStream(headed(Buffer.concat([properties, size]), reader.rest(), 0), 'lzma', context);
}

/** Tag by tag: each says how long it is. */
async function film(
  declared: number,
  reader: ByteReader,
  sink: FormatSink,
  { signal }: UnpackContext,
): Promise<void> {
  const first = await reader.peek(1);
  // A rectangle of four numbers of so many bits each, then rate and count of the frames.
  await reader.skip(Math.ceil((5 + ((first[0] ?? 0) >> 3) * 4) / 8) + 4);
  for (let number = 0; ; number++) {
    if (number % 1024 === 0) signal.throwIfAborted();
    const head = await reader.exactly(2);
    if (head.length < 2) throw new Damaged(`cut off: ${declared} bytes declared`);
    const word = head.readUInt16LE(0);
    const code = word >> 6;
    let length = word & LONG;
    if (length === LONG) {
      const long = await reader.exactly(4);
      if (long.length < 4) throw new Damaged('cut off in a tag');
      length = long.readUInt32LE(0);
    }
    if (code === END) return;
    if (code === BINARY_DATA && length > 6) await binaryData(length, reader, sink);
    else if ((await reader.skip(length)) < length) throw new Damaged('cut off in a tag');
  }
}

async function binaryData(length: number, reader: ByteReader, sink: FormatSink): Promise<void> {
  const head = await reader.exactly(6);
  const size = length - 6;
  const end = reader.position + size;
  const name = `(binary data ${head.length < 2 ? 0 : head.readUInt16LE(0)})`;
  await sink.member({ name, size, content: part(reader, size) });
  const left = end - reader.position;
  if ((await reader.skip(left)) < left) throw new Damaged('cut off in binary data', { member: name });
}

async function* part(reader: ByteReader, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = size; left > 0;) {
    const chunk = await reader.next(left);
    if (chunk === null) throw new Damaged(`cut off: ${left} bytes are missing`);
    left -= chunk.length;
    yield chunk;
  }
}
