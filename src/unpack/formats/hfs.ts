import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'hfs',
  doc: {
    name: 'HFS+',
    description: 'File systems of macOS.',
    recognised: '`H+`, `HX` or `BD` at 1024',
    limits: [],
    references: ['HFS+: https://developer.apple.com/library/archive/technotes/tn/tn1150.html'],
    limitations: [
      'Deleted files and free space are no members: their bytes are only seen as part of the whole image',
    ],
  },
});
