import { sevenZipFormat } from '../seven-zip/format.ts';

export const ext = sevenZipFormat({
  id: 'ext',
  type: 'ext',
  sparse: true,
  doc: {
    name: 'ext2/3/4',
    description: 'File systems of Linux.',
    recognised: '`\\x53\\xEF` at 1080 and a plausible super block',
    limits: [],
    references: ['ext4: https://docs.kernel.org/filesystems/ext4/'],
    limitations: [
      'Deleted files and free space are no members: their bytes are only seen as part of the whole image',
    ],
  },
});
