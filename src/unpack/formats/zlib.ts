import { createInflate } from 'node:zlib';
import { ByteReader } from '../byte-reader.ts';
import type { Format } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { Damaged } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { pump } from '../zlib-pump.ts';
import { isZlibError, wordsFor } from './gzip.ts';

const OUTPUT_BYTES = 128 * 1024;

export const zlib: Format = {
  id: 'zlib',
  access: 'stream',
  doc: {
    name: 'zlib',
    description:
      'A compressed stream (deflate) with a check sum, as git keeps its objects and Java its streams.',
    recognised: 'method, window and check of the first two bytes, and that the beginning can be decoded.',
    limits: [],
    references: ['RFC 1950: https://www.rfc-editor.org/rfc/rfc1950'],
    limitations: ['Streams with a preset dictionary are not recognised.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    await wholeStream({ name: innerName(container.name), content: inflate(reader), reader }, sink, context);
  },
};

/** The zlib stream at the reader's place; the reader then stands behind its end. Throws Damaged. */
export async function* inflate(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  let size = 0;
  try {
    for await (const chunk of pump(createInflate({ chunkSize: OUTPUT_BYTES }), reader)) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error) ? new Damaged(wordsFor(error, size)) : error;
  }
}
