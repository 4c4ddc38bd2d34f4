import type { Format, FormatDoc } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { bytesOf, unpackStream } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';

/** A compressed stream that 7-Zip decodes while it flows past. `type` is 7-Zip's name of it. */
function compressedStream(id: string, type: string, doc: FormatDoc): Format {
  return {
    id,
    access: 'stream',
    doc,
    async unpack(container, sink, context) {
      const bytes = { kind: 'stream', chunks: container.stream } as const;
      await unpackStream(bytes, type, innerName(container.name), sink, context);
    },
  };
}

const TAIL = 'Data after the end of the compressed stream are a gap, not a member';

export const bzip2 = compressedStream('bzip2', 'bzip2', {
  name: 'bzip2',
  description: 'A compressed stream with check sums; several may follow each other.',
  references: ['bzip2: https://sourceware.org/bzip2/'],
  limitations: [TAIL],
});

export const xz = compressedStream('xz', 'xz', {
  name: 'xz',
  description: 'A compressed stream (LZMA2 and branch filters) with check sums.',
  references: ['The .xz file format: https://tukaani.org/xz/xz-file-format.txt'],
  limitations: [TAIL],
});

export const lzma = compressedStream('lzma', 'lzma', {
  name: 'LZMA (alone)',
  description: 'The older LZMA stream; it holds no check sum.',
  references: ['The .lzma file format: https://tukaani.org/xz/'],
  limitations: [TAIL],
});

// 7-Zip reads this one only from a file, not while it streams past.
export const compress: Format = {
  id: 'compress',
  access: 'random',
  doc: {
    name: 'compress (.Z)',
    description: 'The LZW stream of Unix compress; it holds no check sum.',
    references: ['compress: https://vapier.github.io/ncompress/'],
    limitations: ['A stream cut off at a code boundary cannot be told from a whole one'],
  },
  async unpack({ source, name }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await unpackStream(bytesOf(source), 'Z', innerName(name), sink, context);
  },
};
