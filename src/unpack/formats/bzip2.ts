import { ByteReader } from '../byte-reader.ts';
import { bzip2Ends } from '../bzip2-end.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { AFTER_THE_END, innerName } from '../inner-name.ts';
import { KeptStream } from '../kept-stream.ts';
import { upToTheEnd } from '../seven-zip/data-after.ts';
import { decodedStream } from '../seven-zip/unpack.ts';
import { Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'bzip2',
    description: 'Compressed streams with check sums; several may follow each other.',
    recognised: '`BZh`, a digit from 1 to 9 and the mark of a block at 0',
    limits: ['what follows the end is looked for in the last 4 MiB that were read'],
    references: ['bzip2: https://sourceware.org/bzip2/'],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const kept = new KeptStream(container.stream);
    const state = { more: false };
    const content = upToTheEnd(decodedStream(kept.ahead(), 'bzip2', context), state);
    const reader = new ByteReader(kept.from(0));
    const between = async (): Promise<void> => {
      if (state.more) await handOnTail(kept, sink);
    };
    await wholeStream({ name: innerName(container.name), content, reader, between }, sink, context);
  },
};

/** 7-Zip reads ahead and does not say how far its data reached: their end mark is looked for in what it read last. */
async function handOnTail(kept: KeptStream, sink: FormatSink): Promise<void> {
  const last = kept.last();
  const [end, ...others] = bzip2Ends(last, 2);
  if (end === undefined)
    throw new Unsupported('data follow the compressed stream, and its end was not found');
  const reader = new ByteReader(kept.from(last.length - end));
  if (await reader.skipZeros())
    await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
  if (others.length > 0) {
    throw new Unsupported('data follow the compressed stream, and more than one place could be its end');
  }
}
