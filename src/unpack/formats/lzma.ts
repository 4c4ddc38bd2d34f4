import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { upToTheEnd } from '../seven-zip/data-after.ts';
import { decodedStream, DICTIONARY_LIMIT } from '../seven-zip/unpack.ts';
import { Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'LZMA (alone)',
    description: 'The older LZMA stream; it holds no check sum.',
    recognised: '`\\x5D\\x00\\x00` at 0 and a plausible header',
    references: ['The .lzma file format: https://tukaani.org/xz/'],
    limits: [DICTIONARY_LIMIT],
    limitations: ['Data after the end of the compressed stream are a gap, not a member.'],
  },
  async unpack(container, sink, context) {
    const state = { more: false };
    const content = upToTheEnd(decodedStream(container.stream, 'lzma', context), state);
    const reader = new ByteReader(nothing());
    await wholeStream({ name: innerName(container.name), content, reader }, sink, context);
    if (state.more)
      throw new Unsupported('data follow the end of the compressed stream, and nobody can tell where');
  },
};

async function* nothing(): AsyncGenerator<Buffer, void, undefined> {}
