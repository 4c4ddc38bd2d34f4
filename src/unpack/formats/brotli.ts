import { createBrotliDecompress } from 'node:zlib';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { Damaged } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { pump } from '../zlib-pump.ts';

const OUTPUT_BYTES = 128 * 1024;

export const unpacker: Unpacker = {
  doc: {
    name: 'Brotli',
    description: 'A compressed stream without signature or check sum.',
    recognised: 'the name ends in `.br`, nothing else is recognised, and the beginning can be decoded.',
    limits: [],
    references: ['RFC 7932: https://www.rfc-editor.org/rfc/rfc7932'],
    limitations: ['Under another name it is data of an unknown kind.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const content = decode(reader);
    await wholeStream({ name: innerName(container.name), content, reader }, sink, context);
  },
};

async function* decode(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  let size = 0;
  try {
    for await (const chunk of pump(createBrotliDecompress({ chunkSize: OUTPUT_BYTES }), reader)) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'Z_BUF_ERROR') throw new Damaged(`cut off after ${size} bytes of content`);
    throw /^ERR__ERROR|^ERR_BROTLI|BROTLI/.test(code)
      ? new Damaged(`${code} after ${size} bytes of content`)
      : error;
  }
}
