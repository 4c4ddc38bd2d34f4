import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../../src/unpack/crc32c.ts';
import { tool } from './tool.ts';

/** More where groups are not mixed, which takes more room. */
const BYTES = 24 * 1024 * 1024;
const SMALLEST = ['--mixed', '-n', '4096'];

/** An image of what the folder `root` in `folder` holds. */
export function btrfsImage(folder: string, root: string, options: readonly string[] = SMALLEST): Buffer {
  writeFileSync(join(folder, 'btrfs'), '');
  truncateSync(join(folder, 'btrfs'), options.includes('--mixed') ? BYTES : 4 * BYTES);
  tool(folder, 'mkfs.btrfs', ['-q', '-f', ...options, '--rootdir', root, 'btrfs']);
  return readFileSync(join(folder, 'btrfs'));
}

/** An item of a leaf: where its key and its bytes stand in the image. */
export interface BtrfsItem {
  readonly leaf: number;
  readonly keyAt: number;
  readonly at: number;
  readonly length: number;
  readonly object: bigint;
  readonly type: number;
  readonly offset: bigint;
}

/** Every item of every leaf that is in the image, those that nothing leads to any more included. */
export function btrfsItems(image: Buffer): BtrfsItem[] {
  const size = image.readUInt32LE(65_536 + 148);
  const fsid = image.subarray(65_536 + 32, 65_536 + 48);
  const items: BtrfsItem[] = [];
  for (let leaf = 0; leaf + size <= image.length; leaf += 4096) {
    const isLeaf = image.subarray(leaf + 32, leaf + 48).equals(fsid) && image[leaf + 100] === 0;
    if (!isLeaf || image.toString('latin1', leaf + 64, leaf + 72) === '_BHRfS_M') continue;
    for (let i = 0; i < image.readUInt32LE(leaf + 96); i++) {
      const keyAt = leaf + 101 + i * 25;
      items.push({
        leaf,
        keyAt,
        at: leaf + 101 + image.readUInt32LE(keyAt + 17),
        length: image.readUInt32LE(keyAt + 21),
        object: image.readBigUInt64LE(keyAt),
        type: image.readUInt8(keyAt + 8),
        offset: image.readBigUInt64LE(keyAt + 9),
      });
    }
  }
  return items;
}

/** After a change: the sum of that node is right again. */
export function resum(image: Buffer, node: number): void {
  const size = image.readUInt32LE(65_536 + 148);
  image.writeUInt32LE(crc32c(image.subarray(node + 32, node + size)), node);
}
