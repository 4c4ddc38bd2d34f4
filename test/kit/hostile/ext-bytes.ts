/** An ext4 file system put together by hand: what no mke2fs makes (docs.kernel.org/filesystems/ext4). */
export const BLOCK = 1024;
const INODE_BYTES = 128;
const EXTENT_BYTES = 12;
const EXTENT_MAGIC = 0xf30a;

export interface Extent {
  /** In blocks: where in the file, how many, and where in the image. */
  readonly start: number;
  readonly count: number;
  readonly at: number;
}

export interface ExtInode {
  readonly mode: number;
  readonly size: number;
  /** The tree's root: at most four. */
  readonly extents: readonly Extent[];
  /** Above 0: the extents lead to blocks of the tree, not of the file. */
  readonly level?: number;
}

export const FILE = 0o100_644;
export const FOLDER = 0o040_755;

/** `used` blocks are really there; more may be claimed by `blocks`. */
export class ExtImage {
  readonly bytes: Buffer;
  readonly #inodes: number;
  readonly #tableAt: number;
  #free: number;

  constructor({
    used,
    inodes,
    blocks = used,
    groupBlocks = 8192,
    tables = 1,
  }: {
    readonly used: number;
    readonly inodes: number;
    readonly blocks?: number;
    readonly groupBlocks?: number;
    /** Groups that have descriptors, all with the same table of inodes. */
    readonly tables?: number;
  }) {
    this.bytes = Buffer.alloc(used * BLOCK);
    this.#inodes = inodes;
    const descriptors = Math.ceil((tables * 32) / BLOCK);
    this.#tableAt = 2 + descriptors;
    this.#free = this.#tableAt + Math.ceil((inodes * INODE_BYTES) / BLOCK);
    const head = this.bytes.subarray(BLOCK, 2 * BLOCK);
    const fields: readonly (readonly [at: number, value: number])[] = [
      [0, inodes * tables],
      [4, blocks],
      [20, 1],
      [24, 0],
      [32, groupBlocks],
      [40, inodes],
      [76, 1],
      [96, 0x42],
    ];
    for (const [at, value] of fields) head.writeUInt32LE(value, at);
    head.writeUInt16LE(0xef53, 56);
    head.writeUInt16LE(1, 58);
    head.writeUInt16LE(INODE_BYTES, 88);
    for (let group = 0; group < tables; group++)
      this.bytes.writeUInt32LE(this.#tableAt, 2 * BLOCK + group * 32 + 8);
  }

  /** The first of `count` blocks that nothing stands in yet. */
  take(count: number): number {
    const first = this.#free;
    this.#free += count;
    if (this.#free * BLOCK > this.bytes.length) throw new Error('the image is too small');
    return first;
  }

  inode(number: number, { mode, size, extents, level = 0 }: ExtInode): void {
    if (number > this.#inodes) throw new Error('no such inode');
    const at = this.#tableAt * BLOCK + (number - 1) * INODE_BYTES;
    const inode = this.bytes.subarray(at, at + INODE_BYTES);
    inode.writeUInt16LE(mode, 0);
    inode.writeUInt32LE(size % 2 ** 32, 4);
    inode.writeUInt32LE(Math.floor(size / 2 ** 32), 108);
    inode.writeUInt16LE(1, 26);
    inode.writeUInt32LE(2, 28);
    inode.writeUInt32LE(0x8_0000, 32);
    node(inode.subarray(40, 100), extents, level);
  }

  /** Blocks of a tree that hold all of these extents; what its root is to hold. */
  tree(extents: readonly Extent[]): readonly Extent[] {
    const most = Math.floor(BLOCK / EXTENT_BYTES) - 1;
    const blocks: Extent[] = [];
    for (let from = 0; from < extents.length; from += most) {
      const part = extents.slice(from, from + most);
      const at = this.take(1);
      node(this.bytes.subarray(at * BLOCK, (at + 1) * BLOCK), part, 0);
      blocks.push({ start: part[0]?.start ?? 0, count: 0, at });
    }
    return blocks;
  }

  /** A block of a tree that leads to others. */
  branch(children: readonly Extent[], level: number): Extent {
    const at = this.take(1);
    node(this.bytes.subarray(at * BLOCK, (at + 1) * BLOCK), children, level);
    return { start: children[0]?.start ?? 0, count: 0, at };
  }

  /** A folder's entries, in blocks that follow each other; returns where they are. */
  entries(list: readonly { readonly name: string; readonly inode: number }[]): Extent {
    const blocks: Buffer[] = [];
    let block = Buffer.alloc(BLOCK);
    let at = 0;
    let last = 0;
    const close = (): void => {
      if (at > 0) block.writeUInt16LE(BLOCK - last, last + 4);
      blocks.push(block);
    };
    for (const { name, inode } of list) {
      const length = 8 + Math.ceil(name.length / 4) * 4;
      if (at + length > BLOCK) {
        close();
        [block, at] = [Buffer.alloc(BLOCK), 0];
      }
      block.writeUInt32LE(inode, at);
      block.writeUInt16LE(length, at + 4);
      block.writeUInt8(name.length, at + 6);
      block.write(name, at + 8, 'latin1');
      [last, at] = [at, at + length];
    }
    close();
    const first = this.take(blocks.length);
    Buffer.concat(blocks).copy(this.bytes, first * BLOCK);
    return { start: 0, count: blocks.length, at: first };
  }

  /** The root, with these entries. */
  root(list: readonly { readonly name: string; readonly inode: number }[]): void {
    const extent = this.entries(list);
    this.inode(2, { mode: FOLDER, size: extent.count * BLOCK, extents: [extent] });
  }
}

function node(target: Buffer, extents: readonly Extent[], level: number): void {
  target.writeUInt16LE(EXTENT_MAGIC, 0);
  target.writeUInt16LE(extents.length, 2);
  target.writeUInt16LE(Math.floor(target.length / EXTENT_BYTES) - 1, 4);
  target.writeUInt16LE(level, 6);
  for (const [i, { start, count, at }] of extents.entries()) {
    const to = (i + 1) * EXTENT_BYTES;
    target.writeUInt32LE(start, to);
    if (level === 0) {
      target.writeUInt16LE(count, to + 4);
      target.writeUInt32LE(at, to + 8);
    } else target.writeUInt32LE(at, to + 4);
  }
}
