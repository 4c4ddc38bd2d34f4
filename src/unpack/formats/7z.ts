import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: '7z',
  doc: {
    name: '7z',
    description: 'Archives of 7-Zip: LZMA, LZMA2, PPMd, BZip2, Deflate, AES-256.',
    recognised: '`7z\\xBC\\xAF\\x27\\x1C` at 0',
    limits: [],
    references: ['7z format: https://www.7-zip.org/7z.html'],
    limitations: ['Methods of other programs (Zstandard, Brotli, LZ4) are a gap'],
  },
});
