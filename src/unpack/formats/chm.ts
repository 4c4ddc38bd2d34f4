import { sevenZipFormat } from '../seven-zip/format.ts';

export const chm = sevenZipFormat({
  id: 'chm',
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
