/** An XFS of version 4 put together by hand: what no mkfs.xfs makes (XFS Algorithms & Data Structures). */
export const BLOCK = 1024;
const INODE_BYTES = 256;
const FIRST_INODE_BLOCK = 16;
const LOG_BLOCK = 8;
const LOG_BLOCKS = 4;
const LITERAL_AT = 100;
/** Of a block of a tree of extents. */
const HEAD_BYTES = 24;
const EXTENT_BYTES = 16;

export const FILE = 0o100_644;
export const FOLDER = 0o040_755;
export const ROOT = FIRST_INODE_BLOCK * (BLOCK / INODE_BYTES);

export interface Extent {
  /** In blocks: where in the file, how many, and where in the image. */
  readonly start: number;
  readonly count: number;
  readonly at: number;
}

export interface XfsInode {
  readonly mode: number;
  readonly size: bigint | number;
  readonly names?: number;
  /** In the inode: at most nine. */
  readonly extents?: readonly Extent[];
  /** Blocks of a tree that the inode leads to, and the level of its root. */
  readonly tree?: { readonly level: number; readonly blocks: readonly number[] };
}

export interface Named {
  readonly name: string;
  readonly inode: number;
}

/** `used` blocks are really there; more may be claimed by `blocks`. */
export class XfsImage {
  readonly bytes: Buffer;
  #free: number;

  constructor({
    used,
    inodes,
    blocks = used,
    groupBlocks = blocks,
    logBlocks = LOG_BLOCKS,
  }: {
    readonly used: number;
    readonly inodes: number;
    readonly blocks?: number;
    readonly groupBlocks?: number;
    readonly logBlocks?: number;
  }) {
    this.bytes = Buffer.alloc(used * BLOCK);
    this.#free = FIRST_INODE_BLOCK + Math.ceil((inodes * INODE_BYTES) / BLOCK);
    const { bytes } = this;
    bytes.write('XFSB');
    bytes.writeUInt32BE(BLOCK, 4);
    bytes.writeBigUInt64BE(BigInt(blocks), 8);
    bytes.writeBigUInt64BE(BigInt(LOG_BLOCK), 48);
    bytes.writeBigUInt64BE(BigInt(ROOT), 56);
    bytes.writeUInt32BE(groupBlocks, 84);
    bytes.writeUInt32BE(Math.ceil(blocks / groupBlocks), 88);
    bytes.writeUInt32BE(logBlocks, 96);
    bytes.writeUInt16BE(0x2004, 100);
    bytes.writeUInt16BE(512, 102);
    bytes.writeUInt16BE(INODE_BYTES, 104);
    bytes.writeUInt8(Math.log2(BLOCK / INODE_BYTES), 123);
    bytes.writeUInt8(Math.ceil(Math.log2(groupBlocks)), 124);
    bytes.write('XAGF', 512);
    bytes.write('XAGI', 1024);
    this.#log();
  }

  /** One record, which says that the file system was unmounted. */
  #log(): void {
    const log = this.bytes.subarray(LOG_BLOCK * BLOCK);
    log.writeUInt32BE(0xfeed_babe, 0);
    log.writeUInt32BE(1, 4);
    log.writeUInt32BE(1, 8);
    log.writeUInt32BE(1, 40);
    log.writeUInt32BE(1, 512);
    log.writeUInt8(0x20, 512 + 9);
  }

  /** The first of `count` blocks that nothing stands in yet. */
  take(count: number): number {
    const first = this.#free;
    this.#free += count;
    if (this.#free * BLOCK > this.bytes.length) throw new Error('the image is too small');
    return first;
  }

  inode(number: number, { mode, size, names = 1, extents = [], tree }: XfsInode): void {
    const inode = this.bytes.subarray(number * INODE_BYTES, (number + 1) * INODE_BYTES);
    inode.write('IN');
    inode.writeUInt16BE(mode, 2);
    inode.writeUInt8(2, 4);
    inode.writeUInt8(tree === undefined ? 2 : 3, 5);
    inode.writeUInt32BE(names, 16);
    inode.writeBigUInt64BE(BigInt(size), 56);
    inode.writeUInt32BE(extents.length, 76);
    const literal = inode.subarray(LITERAL_AT);
    if (tree === undefined) list(literal, extents);
    else {
      literal.writeUInt16BE(tree.level, 0);
      literal.writeUInt16BE(tree.blocks.length, 2);
      const most = Math.floor((literal.length - 4) / EXTENT_BYTES);
      for (const [i, block] of tree.blocks.entries())
        literal.writeBigUInt64BE(BigInt(block), 4 + most * 8 + i * 8);
    }
  }

  /** Blocks of a tree that hold all of these extents. */
  leaves(extents: readonly Extent[]): number[] {
    const most = Math.floor((BLOCK - HEAD_BYTES) / EXTENT_BYTES);
    const blocks: number[] = [];
    for (let from = 0; from < extents.length; from += most) {
      const part = extents.slice(from, from + most);
      const at = this.take(1);
      this.#head(at, 'BMAP', 0, part.length);
      list(this.bytes.subarray(at * BLOCK + HEAD_BYTES), part);
      blocks.push(at);
    }
    return blocks;
  }

  /** A block of a tree of extents that leads to others. */
  branch(children: readonly number[], level: number, at = this.take(1)): number {
    this.#head(at, 'BMAP', level, children.length);
    const most = Math.floor((BLOCK - HEAD_BYTES) / EXTENT_BYTES);
    for (const [i, block] of children.entries())
      this.bytes.writeBigUInt64BE(BigInt(block), at * BLOCK + HEAD_BYTES + most * 8 + i * 8);
    return at;
  }

  /** What an inode holds of a tree over these extents. */
  tree(extents: readonly Extent[]): NonNullable<XfsInode['tree']> {
    let [blocks, level] = [this.leaves(extents), 1];
    while (blocks.length > 9) {
      const above: number[] = [];
      for (let from = 0; from < blocks.length; from += 62)
        above.push(this.branch(blocks.slice(from, from + 62), level));
      [blocks, level] = [above, level + 1];
    }
    return { level, blocks };
  }

  /** The tree of free space by place begins in a block whose children are these. */
  freeSpace(at: number, level: number, children: readonly number[]): void {
    this.bytes.writeUInt32BE(at, 512 + 16);
    this.bytes.writeUInt32BE(level + 1, 512 + 28);
    const block = this.bytes.subarray(at * BLOCK, (at + 1) * BLOCK);
    block.write('ABTB');
    block.writeUInt16BE(level, 4);
    block.writeUInt16BE(children.length, 6);
    const most = Math.floor((BLOCK - 16) / 12);
    for (const [i, child] of children.entries()) block.writeUInt32BE(child, 16 + most * 8 + i * 4);
  }

  /** A folder's entries, in blocks that follow each other. */
  entries(named: readonly Named[]): Extent {
    const blocks: Buffer[] = [];
    let block = Buffer.alloc(0);
    let at = BLOCK;
    const close = (): void => {
      if (block.length === 0 || at === BLOCK) return;
      block.writeUInt16BE(0xffff, at);
      block.writeUInt16BE(BLOCK - at, at + 2);
    };
    for (const { name, inode } of named) {
      const length = Math.ceil((11 + name.length) / 8) * 8;
      if (at + length > BLOCK) {
        close();
        [block, at] = [Buffer.alloc(BLOCK), 16];
        block.write('XD2D');
        blocks.push(block);
      }
      block.writeBigUInt64BE(BigInt(inode), at);
      block.writeUInt8(name.length, at + 8);
      block.write(name, at + 9, 'latin1');
      at += length;
    }
    close();
    const first = this.take(blocks.length);
    Buffer.concat(blocks).copy(this.bytes, first * BLOCK);
    return { start: 0, count: blocks.length, at: first };
  }

  /** A folder with these entries, the root by default. */
  folder(named: readonly Named[], number = ROOT): void {
    const extent = this.entries(named);
    this.inode(number, {
      mode: FOLDER,
      size: extent.count * BLOCK,
      extents: extent.count > 0 ? [extent] : [],
    });
  }

  #head(at: number, magic: string, level: number, count: number): void {
    const block = this.bytes.subarray(at * BLOCK, (at + 1) * BLOCK);
    block.write(magic);
    block.writeUInt16BE(level, 4);
    block.writeUInt16BE(count, 6);
  }
}

/** xfs_bmbt_rec: a bit, then 54 bits of the file's block, 52 of the image's, 21 of their number. */
function list(target: Buffer, extents: readonly Extent[]): void {
  for (const [i, { start, count, at }] of extents.entries()) {
    const value = (BigInt(start) << 73n) | (BigInt(at) << 21n) | BigInt(count);
    target.writeBigUInt64BE(value >> 64n, i * EXTENT_BYTES);
    target.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, i * EXTENT_BYTES + 8);
  }
}
