import { sevenZipFormat } from '../seven-zip/format.ts';

export const ntfs = sevenZipFormat({
  id: 'ntfs',
  type: 'ntfs',
  sparse: true,
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
