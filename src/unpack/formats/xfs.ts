import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { FILE_SYSTEM_LIMITS } from '../file-systems/volume.ts';
import { readXfs } from '../file-systems/xfs/file-system.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'XFS',
    description:
      'File systems of Linux, versions 4 and 5: files are read where they lie; the journal, free space and deleted files are examined too.',
    recognised: '`XFSB` at 0 and a plausible size of blocks',
    limits: FILE_SYSTEM_LIMITS,
    references: [
      'XFS Algorithms & Data Structures: https://mirrors.edge.kernel.org/pub/linux/utils/fs/xfs/docs/xfs_filesystem_structure.pdf',
      'Linux, fs/xfs/libxfs/xfs_format.h: https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/fs/xfs/libxfs/xfs_format.h',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'The journal is a member and is not replayed; where it may hold changes, that is a gap',
      'Files on a realtime device are a gap',
      'Extended attributes are no members: values in blocks of their own are bytes in no member, others are only seen as part of the image',
      'Check sums are not checked',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await readXfs(source, sink, context);
  },
};
