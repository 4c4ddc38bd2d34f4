import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { decodedStream, DICTIONARY_LIMIT } from '../seven-zip/unpack.ts';
import { wholeStream } from '../whole-stream.ts';
import { xzStreams } from '../xz-stream.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'xz',
    description:
      'Compressed streams (LZMA2 and branch filters) with check sums; several may follow each other.',
    recognised: '`\\xFD7zXZ\\x00` at 0',
    references: ['The .xz file format: https://tukaani.org/xz/xz-file-format.txt'],
    limits: [DICTIONARY_LIMIT],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const content = decodedStream(xzStreams(reader), 'xz', context);
    await wholeStream({ name: innerName(container.name), content, reader }, sink, context);
  },
};
