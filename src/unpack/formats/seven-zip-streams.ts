import { ByteReader } from '../byte-reader.ts';
import { bzip2Ends } from '../bzip2-end.ts';
import type { Format, FormatSink } from '../format.ts';
import { AFTER_THE_END, innerName } from '../inner-name.ts';
import { KeptStream } from '../kept-stream.ts';
import { bytesOf, decodedStream, unpackStream } from '../seven-zip/unpack.ts';
import { Damaged, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { xzStreams } from '../xz-stream.ts';

const DICTIONARY = 'What needs more than 512 MiB to be unpacked (dictionaries over 384 MiB) is a gap.';

export const xz: Format = {
  id: 'xz',
  access: 'stream',
  doc: {
    name: 'xz',
    description:
      'Compressed streams (LZMA2 and branch filters) with check sums; several may follow each other.',
    recognised: '`\\xFD7zXZ\\x00` at 0',
    references: ['The .xz file format: https://tukaani.org/xz/xz-file-format.txt'],
    limits: [DICTIONARY],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const content = decodedStream(xzStreams(reader), 'xz', context);
    await wholeStream({ name: innerName(container.name), content, reader }, sink, context);
  },
};

export const bzip2: Format = {
  id: 'bzip2',
  access: 'stream',
  doc: {
    name: 'bzip2',
    description: 'Compressed streams with check sums; several may follow each other.',
    recognised: '`BZh`, a digit from 1 to 9 and the mark of a block at 0',
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

export const lzma: Format = {
  id: 'lzma',
  access: 'stream',
  doc: {
    name: 'LZMA (alone)',
    description: 'The older LZMA stream; it holds no check sum.',
    recognised: '`\\x5D\\x00\\x00` at 0 and a plausible header',
    references: ['The .lzma file format: https://tukaani.org/xz/'],
    limits: [DICTIONARY],
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

// 7-Zip reads this one only from a file, not while it streams past.
export const compress: Format = {
  id: 'compress',
  access: 'random',
  doc: {
    name: 'compress (.Z)',
    description: 'The LZW stream of Unix compress; it holds no check sum.',
    recognised: '`\\x1F\\x9D` at 0',
    references: ['compress: https://vapier.github.io/ncompress/'],
    limitations: ['A stream cut off at a code boundary cannot be told from a whole one.'],
  },
  async unpack({ source, name }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await unpackStream(bytesOf(source), 'Z', innerName(name), sink, context);
  },
};

const MORE = /^There are some data after the end of the payload data[^;]*$/;

/** What comes before the end is fine: that there is more is for the caller to deal with. */
async function* upToTheEnd(
  content: AsyncGenerator<Buffer, void, undefined>,
  state: { more: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* content;
  } catch (error) {
    if (!(error instanceof Damaged) || !MORE.test(error.message)) throw error;
    state.more = true;
  }
}

async function* nothing(): AsyncGenerator<Buffer, void, undefined> {}

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
