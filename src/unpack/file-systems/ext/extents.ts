import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import type { Inode } from './inode.ts';
import { byteOfBlock, type SuperBlock } from './super-block.ts';

/** docs.kernel.org/filesystems/ext4, "Extent Tree" and "Direct/Indirect Block Addressing". */
const MAGIC = 0xf30a;
const ENTRY_BYTES = 12;
const MAX_LEVELS = 5;
/** Longer ones were set aside, and read as zeros. */
const MAX_WRITTEN = 32_768;
const DIRECT = 12;

export interface FileExtent {
  /** In bytes of the file. */
  readonly start: number;
  readonly length: number;
  /** In bytes of the image; Infinity: nowhere. */
  readonly from: number;
}

interface Tools {
  readonly volume: Volume;
  readonly found: SuperBlock;
  /** Where the file ends, in blocks. */
  readonly end: number;
}

/** What of a file was written. Claims the blocks that tell it. Throws Damaged. */
export async function* extentsOf(
  inode: Inode,
  volume: Volume,
  found: SuperBlock,
): AsyncGenerator<FileExtent, void, undefined> {
  if (inode.inline !== null) return;
  const tools = { volume, found, end: Math.ceil(inode.size / found.blockBytes) };
  if (inode.extents) {
    yield* ofTree(inode.block, null, tools);
    return;
  }
  yield* runsOf(inode.block.subarray(0, DIRECT * 4), 0, found);
  const ofBlock = found.blockBytes / 4;
  let first = DIRECT;
  for (let level = 1; level <= 3; level++) {
    if (first >= tools.end) return;
    yield* indirect(inode.block.readUInt32LE((DIRECT + level - 1) * 4), first, level, tools);
    first += ofBlock ** level;
  }
}

async function* ofTree(
  node: Buffer,
  expected: number | null,
  tools: Tools,
): AsyncGenerator<FileExtent, void, undefined> {
  const { volume, found } = tools;
  const level = node.readUInt16LE(6);
  const count = node.readUInt16LE(2);
  const wrong =
    node.readUInt16LE(0) !== MAGIC ||
    level > MAX_LEVELS ||
    (expected !== null && level !== expected) ||
    (count + 1) * ENTRY_BYTES > node.length;
  if (wrong) throw new Damaged('no tree of extents where one must be');
  for (let at = ENTRY_BYTES; at <= count * ENTRY_BYTES; at += ENTRY_BYTES) {
    if (level === 0) {
      const length = node.readUInt16LE(at + 4);
      if (length > MAX_WRITTEN) continue;
      yield {
        start: node.readUInt32LE(at) * found.blockBytes,
        length: length * found.blockBytes,
        from: byteOfBlock(found, node.readUInt16LE(at + 6) * 2 ** 32 + node.readUInt32LE(at + 8)),
      };
      continue;
    }
    const block = byteOfBlock(found, node.readUInt16LE(at + 8) * 2 ** 32 + node.readUInt32LE(at + 4));
    const child = await volume.treeBlock(block, 'a block of a tree of extents');
    yield* ofTree(child, level - 1, tools);
  }
}

async function* indirect(
  block: number,
  first: number,
  level: number,
  tools: Tools,
): AsyncGenerator<FileExtent, void, undefined> {
  if (block === 0) return;
  const { volume, found, end } = tools;
  const at = byteOfBlock(found, block);
  const bytes = await volume.treeBlock(at, 'a list of blocks');
  if (level === 1) {
    yield* runsOf(bytes, first, found);
    return;
  }
  const span = (found.blockBytes / 4) ** (level - 1);
  for (let i = 0; i < found.blockBytes / 4 && first + i * span < end; i++)
    yield* indirect(bytes.readUInt32LE(i * 4), first + i * span, level - 1, tools);
}

/** Blocks of a list, those that follow each other together; `first`: which of the file the first is. */
function* runsOf(list: Buffer, first: number, found: SuperBlock): Generator<FileExtent, void, undefined> {
  const { blockBytes } = found;
  let begun = 0;
  for (let i = 0; i < list.length / 4; i++) {
    const block = list.readUInt32LE(i * 4);
    const next = i + 1 < list.length / 4 ? list.readUInt32LE(i * 4 + 4) : 0;
    if (block !== 0 && next === block + 1) continue;
    if (block !== 0) {
      const from = byteOfBlock(found, block) - (i - begun) * blockBytes;
      yield { start: (first + begun) * blockBytes, length: (i + 1 - begun) * blockBytes, from };
    }
    begun = i + 1;
  }
}
