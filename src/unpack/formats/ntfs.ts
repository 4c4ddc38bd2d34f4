import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

export const unpacker = sevenZipUnpacker({
  type: 'ntfs',
  doc: {
    name: 'NTFS',
    description: 'File systems of Windows.',
    recognised: '`NTFS` and four spaces at 3',
    limits: [],
    references: ['NTFS: https://flatcap.github.io/linux-ntfs/ntfs/'],
    limitations: [
      'Deleted files and free space are no members: their bytes are only seen as part of the whole image',
    ],
  },
});
