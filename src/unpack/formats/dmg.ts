import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'dmg',
  doc: {
    name: 'Apple disk image',
    description: 'UDIF images: zlib, bzip2, LZFSE, ADC; every partition and free area is a member.',
    recognised: '`koly` 512 bytes before the end',
    limits: [],
    references: ['7-Zip: https://www.7-zip.org/'],
    limitations: ['Encrypted images are a gap', 'Licence texts and other resources are seen raw'],
  },
});
