import { countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import type { Fork } from './inode.ts';
import { byteOfBlock, type SuperBlock } from './super-block.ts';

/** Bytes of one extent in a list (xfs_bmbt_rec): 1 + 54 + 52 + 21 bits. */
const EXTENT_BYTES = 16;
/** Levels of a tree: more than any file of 8 EiB needs. */
const MAX_LEVELS = 9;

export interface FileExtent {
  /** In bytes of the file. */
  readonly start: number;
  readonly length: number;
  /** In bytes of the image; Infinity: nowhere. */
  readonly from: number;
  /** Room that was set aside: it reads as zeros. */
  readonly unwritten: boolean;
}

/** The extents of a fork, as they are listed. Claims the blocks of its tree. Throws Damaged. */
export async function* extentsOf(
  fork: Fork,
  volume: Volume,
  found: SuperBlock,
): AsyncGenerator<FileExtent, void, undefined> {
  if (fork.layout === 'extents') {
    if (fork.extents * EXTENT_BYTES > fork.bytes.length)
      throw new Damaged(`an inode with ${fork.extents} extents, for which it has no room`);
    yield* listed(fork.bytes, fork.extents, found);
  } else if (fork.layout === 'tree') {
    // xfs_bmdr_block: as many keys as there is room for with their pointers, 8 bytes each.
    const level = fork.bytes.readUInt16BE(0);
    const most = Math.floor((fork.bytes.length - 4) / EXTENT_BYTES);
    const pointers = fork.bytes.subarray(4 + most * 8);
    yield* below(pointers, Math.min(most, fork.bytes.readUInt16BE(2)), level, { volume, found });
  }
}

interface Tools {
  readonly volume: Volume;
  readonly found: SuperBlock;
}

/** `level` of the block that holds the pointers. */
async function* below(
  pointers: Buffer,
  count: number,
  level: number,
  tools: Tools,
): AsyncGenerator<FileExtent, void, undefined> {
  if (level < 1 || level > MAX_LEVELS) throw new Damaged(`a tree of extents with ${level} levels`);
  const { volume, found } = tools;
  const head = found.version5 ? 72 : 24;
  const magic = found.version5 ? 'BMA3' : 'BMAP';
  for (let i = 0; i < count; i++) {
    const at = byteOfBlock(found, countOf(pointers.readBigUInt64BE(i * 8)));
    const block = await volume.treeBlock(at, 'a block of a tree of extents');
    const isBlock = block.toString('latin1', 0, 4) === magic && block.readUInt16BE(4) === level - 1;
    if (!isBlock) throw new Damaged('no block of a tree of extents where one must be');
    const most = Math.floor((found.blockBytes - head) / EXTENT_BYTES);
    const records = Math.min(most, block.readUInt16BE(6));
    if (level === 1) yield* listed(block.subarray(head), records, found);
    else yield* below(block.subarray(head + most * 8), records, level - 1, tools);
  }
}

function* listed(bytes: Buffer, count: number, found: SuperBlock): Generator<FileExtent, void, undefined> {
  for (let at = 0; at < count * EXTENT_BYTES; at += EXTENT_BYTES) {
    const [a, b] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    const [c, d] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
    const block = (b & 0x1ff) * 2 ** 43 + c * 2 ** 11 + (d >>> 21);
    yield {
      start: ((a & 0x7fff_ffff) * 2 ** 23 + (b >>> 9)) * found.blockBytes,
      length: (d & 0x1f_ffff) * found.blockBytes,
      from: byteOfBlock(found, block),
      unwritten: a >>> 31 === 1,
    };
  }
}
