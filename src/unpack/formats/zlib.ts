import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { wholeStream } from '../whole-stream.ts';
import { inflated } from '../zlib-pump.ts';

export const unpacker: Unpacker = {
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
    await wholeStream({ name: innerName(container.name), content: inflated(reader), reader }, sink, context);
  },
};
