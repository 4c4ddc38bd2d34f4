import { ByteReader } from '../byte-reader.ts';
import { bzip2Stream } from '../bzip2-end.ts';
import type { Unpacker, UnpackContext } from '../format.ts';
import { asXz } from '../lzma2.ts';
import { decodedStream } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';
import { inflated } from '../zlib-pump.ts';

/** Of every record: what it has when it is decoded, in bytes. */
const LENGTH_BYTES = 4;
/** In bytes: one letter says how a record is packed, but for those of zlib, whose own header says it. */
const METHOD_BYTES = 1;
const HEAD_BYTES = LENGTH_BYTES + METHOD_BYTES + 1;

export const unpacker: Unpacker = {
  doc: {
    name: 'R database (.rdb)',
    description:
      'The code, data and help of packages of R: objects, each compressed by itself with zlib, LZMA2 or bzip2, are members.',
    recognised: 'the length of a record at 0, and that what follows can be decoded to an object of R.',
    limits: [],
    references: [
      'R internals, 1.8: https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats',
      'R 4.2, src/main/serialize.c: R_compress1, R_compress2, R_compress3',
    ],
    limitations: ['Names of the objects stand in the `.rdx` beside it: members are numbered.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    for (let count = 1; ; count++) {
      const head = await reader.peek(HEAD_BYTES);
      if (head.length === 0) return;
      if (head.length < HEAD_BYTES) throw new Damaged('a record is cut off');
      const declared = head.readUInt32BE(0);
      await reader.skip(LENGTH_BYTES);
      const record = contentOf(head, declared, reader, context);
      let size = 0;
      const next = async (): Promise<IteratorResult<Buffer, void>> => {
        const step = await record.next();
        if (step.done !== true) size += step.value.length;
        return step;
      };
      try {
        // Without `return`: leaving the loop must not end the decoder, behind whose end the next record begins.
        const content = { [Symbol.asyncIterator]: () => ({ next }) };
        await sink.member({ name: `record ${count}`, size: declared, content });
        while ((await next()).done !== true) if (size > declared) break;
      } finally {
        await record.return();
      }
      if (size !== declared)
        throw new Damaged(`record ${count} should have ${declared} bytes, ${size} came out`);
    }
  },
};

function contentOf(
  head: Buffer,
  declared: number,
  reader: ByteReader,
  context: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  if (((head[LENGTH_BYTES] ?? 0) & 0x0f) === 8 && head.readUInt16BE(LENGTH_BYTES) % 31 === 0)
    return inflated(reader);
  return behindMethod(String.fromCharCode(head[LENGTH_BYTES] ?? 0), declared, reader, context);
}

async function* behindMethod(
  method: string,
  declared: number,
  reader: ByteReader,
  context: UnpackContext,
): AsyncGenerator<Buffer, void, undefined> {
  await reader.skip(METHOD_BYTES);
  switch (method) {
    case 'Z':
      yield* decodedStream(asXz(reader, declared), 'xz', context);
      break;
    case '2':
      yield* decodedStream(bzip2Stream(reader), 'bzip2', context);
      break;
    case '0':
      for (let left = declared; left > 0;) {
        const part = await reader.next(left);
        if (part === null) break;
        left -= part.length;
        yield part;
      }
      break;
    default:
      throw new Damaged('a record that is packed in no known way');
  }
}
