import type { Volume } from '../volume.ts';
import { extentsOf } from './extents.ts';
import type { Inode } from './inode.ts';
import type { SuperBlock } from './super-block.ts';

/** XFS Algorithms & Data Structures, "Symbolic Links": XFS_SYMLINK_MAXLEN, and the header of a block in version 5. */
const MAX_TARGET_BYTES = 1024;
const HEADER_BYTES = 56;

/** Where a symbolic link leads. Claims its blocks. */
export async function targetOf(inode: Inode, volume: Volume, found: SuperBlock): Promise<Buffer> {
  const size = Math.min(inode.size, MAX_TARGET_BYTES);
  if (inode.data.layout === 'local') return inode.data.bytes.subarray(0, size);
  const parts: Buffer[] = [];
  let left = size;
  for await (const { from, length } of extentsOf(inode.data, volume, found)) {
    volume.ledger.claim(from, from + length);
    for (let at = 0; at < length && left > 0; at += found.blockBytes) {
      const head = found.version5 ? HEADER_BYTES : 0;
      const part = (await volume.read(from + at, found.blockBytes)).subarray(head, head + left);
      if (part.length === 0) break;
      parts.push(part);
      left -= part.length;
    }
  }
  return Buffer.concat(parts);
}
