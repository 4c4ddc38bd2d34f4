import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { readExt } from '../file-systems/ext/file-system.ts';
import { FILE_SYSTEM_LIMITS } from '../file-systems/volume.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'ext2/3/4',
    description:
      'File systems of Linux: files are read where they lie, in folders or in none; the journal, free space and deleted files are examined too.',
    recognised: '`\\x53\\xEF` at 1080 and a plausible super block',
    limits: [...FILE_SYSTEM_LIMITS, '512 million inodes that are looked for in no folder'],
    references: ['ext4: https://docs.kernel.org/filesystems/ext4/'],
    limitations: [
      HOLES_LEFT_OUT,
      'The journal is a member and is not replayed; where it may hold changes, that is a gap',
      'Encrypted files and folders (fscrypt) are a gap',
      'Extended attributes: values in inodes of their own are members, those in blocks are bytes in no member, others are only seen as part of the image',
      'Check sums are not checked',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await readExt(source, sink, context);
  },
};
