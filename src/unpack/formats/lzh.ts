import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'lzh',
  doc: {
    name: 'LZH',
    description: 'Archives of LHA: methods lh0 to lh7, header levels 0 to 3.',
    recognised: '`-lh` or `-lz`, a method and `-` at 2',
    limits: [],
    references: ['LHA: https://github.com/jca02266/lha'],
    limitations: [],
  },
});
