import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'chm',
  doc: {
    name: 'CHM',
    description: 'Compiled help of Windows.',
    recognised: '`ITSF\\x03` and three zero bytes at 0',
    limits: [],
    references: ['7-Zip: https://www.7-zip.org/'],
    limitations: [],
  },
});
