import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { btrfsImage } from '../btrfs-image.ts';
import { exfatImage } from '../exfat-image.ts';
import { xfsImage } from '../xfs-image.ts';
import { MARKER, NO_ENCRYPTION, type Makers } from './maker.ts';

/** File systems that are read by code of our own. */
export const FILE_SYSTEMS: Makers = {
  btrfs: {
    tools: ['mkfs.btrfs'],
    make: (folder) => btrfsImage(folder, treeWithMarker(folder)),
    encrypted: NO_ENCRYPTION,
  },
  exfat: {
    tools: ['mkfs.exfat'],
    make(folder) {
      return exfatImage(folder, [{ path: MARKER, content: readFileSync(join(folder, MARKER)) }]);
    },
    encrypted: NO_ENCRYPTION,
  },
  xfs: {
    tools: ['mkfs.xfs'],
    make: (folder) => xfsImage(folder, treeWithMarker(folder)),
    encrypted: NO_ENCRYPTION,
  },
};

/** The name of a folder that holds nothing but the marker. */
function treeWithMarker(folder: string): string {
  mkdirSync(join(folder, 'root'), { recursive: true });
  writeFileSync(join(folder, 'root', MARKER), readFileSync(join(folder, MARKER)));
  return 'root';
}
