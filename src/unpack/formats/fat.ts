import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'fat',
  doc: {
    name: 'FAT',
    description: 'FAT12, FAT16, FAT32.',
    recognised: '`\\x55\\xAA` at 510 and a plausible boot sector',
    limits: [],
    references: [
      'FAT: https://learn.microsoft.com/windows/win32/fileio/exfat-specification',
      '7-Zip: https://www.7-zip.org/',
    ],
    limitations: [
      'Deleted files and free space are no members: their bytes are only seen as part of the whole image',
    ],
  },
});
