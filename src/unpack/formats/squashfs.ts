import { sevenZipFormat } from '../seven-zip/format.ts';

export const squashfs = sevenZipFormat({
  id: 'squashfs',
  type: 'squashfs',
  doc: {
    name: 'SquashFS',
    description: 'Compressed read-only file systems.',
    recognised: '`hsqs` or `sqsh` at 0 and a version from 1 to 4',
    limits: [],
    references: ['SquashFS: https://docs.kernel.org/filesystems/squashfs.html'],
    limitations: [],
  },
});
