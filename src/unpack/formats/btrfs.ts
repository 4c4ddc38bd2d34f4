import { HOLES_LEFT_OUT } from '../disks/doc.ts';
import { readBtrfs } from '../file-systems/btrfs/file-system.ts';
import { FILE_SYSTEM_LIMITS } from '../file-systems/volume.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';

export const unpacker: Unpacker = {
  doc: {
    name: 'Btrfs',
    description:
      'File systems of Linux on one device: the files of every subvolume and snapshot, each content once; free space and deleted files are examined too.',
    recognised: '`_BHRfS_M` at 65600',
    limits: [
      ...FILE_SYSTEM_LIMITS,
      '100,000 subvolumes and snapshots',
      '1 million files that are remembered so that a snapshot does not repeat them',
    ],
    references: [
      'Btrfs, On-disk Format: https://btrfs.readthedocs.io/en/latest/dev/On-disk-format.html',
      'Linux, include/uapi/linux/btrfs_tree.h: https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/include/uapi/linux/btrfs_tree.h',
    ],
    limitations: [
      HOLES_LEFT_OUT,
      'Of several devices one is read: what is striped or lies on others is a gap',
      'The log is not replayed: where it holds changes, that is a gap',
      'Extended attributes are no members',
      'Check sums of files are not checked; those of trees only where they are CRC-32C',
    ],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await readBtrfs(source, sink, context);
  },
};
