import type { Unpacker } from '../format.ts';
import { innerName } from '../inner-name.ts';
import { bytesOf, unpackStream } from '../seven-zip/unpack.ts';
import { Damaged } from '../trouble.ts';

// 7-Zip reads this one only from a file, not while it streams past.
export const unpacker: Unpacker = {
  doc: {
    name: 'compress (.Z)',
    description: 'The LZW stream of Unix compress; it holds no check sum.',
    recognised: '`\\x1F\\x9D` at 0',
    limits: [],
    references: ['compress: https://vapier.github.io/ncompress/'],
    limitations: ['A stream cut off at a code boundary cannot be told from a whole one.'],
  },
  async unpack({ source, name }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await unpackStream(bytesOf(source), 'Z', innerName(name), sink, context);
  },
};
