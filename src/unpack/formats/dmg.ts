import { sevenZipFormat } from '../seven-zip/format.ts';

export const dmg = sevenZipFormat({
  id: 'dmg',
  type: null,
  sparse: true,
  doc: {
    name: 'Apple disk image',
    description: 'UDIF images: zlib, bzip2, LZFSE, ADC.',
    recognised: '`koly` 512 bytes before the end',
    limits: [],
    references: ['7-Zip: https://www.7-zip.org/'],
    limitations: [
      'With one file system inside, its files are members at once; the gaps around it are not looked at',
    ],
  },
});
