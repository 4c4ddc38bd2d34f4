/** A btrfs put together by hand: what no mkfs.btrfs makes (btrfs.readthedocs.io, "On-disk Format"). */
export const NODE = 4096;
const SUPER_AT = 64 * 1024;
const HEAD_BYTES = 101;
const KEY_BYTES = 17;
const ITEM_BYTES = KEY_BYTES + 8;
const POINTER_BYTES = KEY_BYTES + 16;
/** Check sums that are not looked at: xxHash. */
const OTHER_SUMS = 1;

const INODE_ITEM = 1;
const DIR_INDEX = 96;
const EXTENT_DATA = 108;
const ROOT_ITEM = 132;
const CHUNK_ITEM = 228;
const FIRST_NODES_AT = 128 * 1024;

export const ROOT_FOLDER = 256;
export const FS_TREE = 5;
export const FILE = 0o100_644;
export const FOLDER = 0o040_755;

export interface Item {
  readonly object: number;
  readonly type: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

export interface Tree {
  readonly at: number;
  readonly level: number;
}

export interface Extent {
  /** In bytes of the file. */
  readonly start: number;
  readonly length: number;
  /** In bytes of the image. */
  readonly at: number;
  readonly stored: number;
  readonly offset?: number;
  readonly unpacked?: number;
  readonly compression?: number;
}

/** Where everything lies in the device as it does in its logical bytes. `size` is claimed, `used` is there. */
export class BtrfsImage {
  readonly bytes: Buffer;
  readonly size: number;
  #free = FIRST_NODES_AT;

  constructor(used: number, size = used) {
    this.bytes = Buffer.alloc(used);
    this.size = size;
  }

  /** Where `count` bytes begin that nothing stands in yet. */
  take(count: number): number {
    const at = this.#free;
    this.#free += Math.ceil(count / NODE) * NODE;
    if (this.#free > this.bytes.length) throw new Error('the image is too small');
    return at;
  }

  /** A tree over these items, which must be in order. */
  tree(items: readonly Item[]): Tree {
    let nodes = this.leaves(items);
    let level = 0;
    while (nodes.length > 1) {
      const above: (Item & { readonly at: number })[] = [];
      const most = Math.floor((NODE - HEAD_BYTES) / POINTER_BYTES);
      level++;
      for (let from = 0; from < nodes.length; from += most)
        above.push(this.branch(nodes.slice(from, from + most), level));
      nodes = above;
    }
    return { at: nodes[0]?.at ?? 0, level };
  }

  /** Leaves, each with its first item's key. */
  leaves(items: readonly Item[]): (Item & { readonly at: number })[] {
    const groups: Item[][] = [[]];
    let room = NODE - HEAD_BYTES;
    for (const item of items) {
      const needed = ITEM_BYTES + item.bytes.length;
      if (needed > room) {
        groups.push([]);
        room = NODE - HEAD_BYTES;
      }
      room -= needed;
      groups.at(-1)?.push(item);
    }
    return groups.map((group) => this.leaf(group));
  }

  leaf(items: readonly Item[]): Item & { readonly at: number } {
    const at = this.take(NODE);
    const node = this.#node(at, 0, items.length);
    let end = NODE;
    for (const [i, item] of items.entries()) {
      end -= item.bytes.length;
      const head = HEAD_BYTES + i * ITEM_BYTES;
      writeKey(node, head, item);
      node.writeUInt32LE(end - HEAD_BYTES, head + KEY_BYTES);
      node.writeUInt32LE(item.bytes.length, head + KEY_BYTES + 4);
      item.bytes.copy(node, end);
    }
    const [first] = items;
    return { object: 0, type: 0, offset: 0, bytes: Buffer.alloc(0), ...first, at };
  }

  branch(
    children: readonly (Item & { readonly at: number })[],
    level: number,
    at = this.take(NODE),
  ): Item & { readonly at: number } {
    const node = this.#node(at, level, children.length);
    for (const [i, child] of children.entries()) {
      const head = HEAD_BYTES + i * POINTER_BYTES;
      writeKey(node, head, child);
      node.writeBigUInt64LE(BigInt(child.at), head + KEY_BYTES);
    }
    return { object: 0, type: 0, offset: 0, bytes: Buffer.alloc(0), ...children[0], at };
  }

  #node(at: number, level: number, count: number): Buffer {
    const node = this.bytes.subarray(at, at + NODE);
    node.writeBigUInt64LE(BigInt(at), 48);
    node.writeUInt32LE(count, 96);
    node.writeUInt8(level, 100);
    return node;
  }

  /** The super block; `trees` by number, `chunks` in place of the one that covers all. */
  finish(trees: readonly (readonly [id: number, tree: Tree])[], chunks?: Tree): Buffer {
    const root = this.tree(trees.map(([id, tree]) => rootItem(id, tree)));
    const whole = chunkItem(0, this.size, 0);
    const chunkTree = chunks ?? this.tree([whole]);
    const head = this.bytes.subarray(SUPER_AT, SUPER_AT + NODE);
    head.write('_BHRfS_M', 64, 'latin1');
    head.writeBigUInt64LE(BigInt(root.at), 80);
    head.writeBigUInt64LE(BigInt(chunkTree.at), 88);
    head.writeBigUInt64LE(1n, 136);
    head.writeUInt32LE(NODE, 144);
    head.writeUInt32LE(NODE, 148);
    head.writeUInt32LE(KEY_BYTES + whole.bytes.length, 160);
    head.writeUInt16LE(OTHER_SUMS, 196);
    head.writeUInt8(root.level, 198);
    head.writeUInt8(chunkTree.level, 199);
    head.writeBigUInt64LE(1n, 201);
    head.writeBigUInt64LE(BigInt(this.size), 209);
    writeKey(head, 811, whole);
    whole.bytes.copy(head, 811 + KEY_BYTES);
    return this.bytes;
  }
}

function writeKey(target: Buffer, at: number, { object, type, offset }: Item): void {
  target.writeBigUInt64LE(BigInt(object), at);
  target.writeUInt8(type, at + 8);
  target.writeBigUInt64LE(BigInt(offset), at + 9);
}

export function chunkItem(start: number, length: number, at: number): Item {
  const bytes = Buffer.alloc(48 + 32);
  bytes.writeBigUInt64LE(BigInt(length), 0);
  bytes.writeBigUInt64LE(1n, 24);
  bytes.writeUInt16LE(1, 44);
  bytes.writeBigUInt64LE(1n, 48);
  bytes.writeBigUInt64LE(BigInt(at), 56);
  return { object: 256, type: CHUNK_ITEM, offset: start, bytes };
}

function rootItem(id: number, { at, level }: Tree): Item {
  const bytes = Buffer.alloc(239);
  bytes.writeBigUInt64LE(BigInt(at), 176);
  bytes.writeUInt8(level, 238);
  return { object: id, type: ROOT_ITEM, offset: 0, bytes };
}

export function inodeItem(object: number, mode: number, size: number | bigint, names = 1): Item {
  const bytes = Buffer.alloc(160);
  bytes.writeBigUInt64LE(BigInt(size), 16);
  bytes.writeUInt32LE(names, 40);
  bytes.writeUInt32LE(mode, 52);
  return { object, type: INODE_ITEM, offset: 0, bytes };
}

/** An entry of a folder; of a subvolume where `type` says so. */
export function entryItem(
  folder: number,
  index: number,
  name: string,
  inode: number,
  type = INODE_ITEM,
): Item {
  const bytes = Buffer.alloc(30 + name.length);
  bytes.writeBigUInt64LE(BigInt(inode), 0);
  bytes.writeUInt8(type, 8);
  bytes.writeUInt16LE(name.length, 27);
  bytes.write(name, 30, 'latin1');
  return { object: folder, type: DIR_INDEX, offset: index, bytes };
}

export function extentItem(object: number, extent: Extent): Item {
  const { start, length, at, stored, offset = 0, unpacked = stored, compression = 0 } = extent;
  const bytes = Buffer.alloc(53);
  bytes.writeBigUInt64LE(BigInt(unpacked), 8);
  bytes.writeUInt8(compression, 16);
  bytes.writeUInt8(1, 20);
  bytes.writeBigUInt64LE(BigInt(at), 21);
  bytes.writeBigUInt64LE(BigInt(stored), 29);
  bytes.writeBigUInt64LE(BigInt(offset), 37);
  bytes.writeBigUInt64LE(BigInt(length), 45);
  return { object, type: EXTENT_DATA, offset: start, bytes };
}

/** Content that stands in the tree. */
export function inlineItem(object: number, content: Buffer): Item {
  const bytes = Buffer.concat([Buffer.alloc(21), content]);
  bytes.writeBigUInt64LE(BigInt(content.length), 8);
  return { object, type: EXTENT_DATA, offset: 0, bytes };
}

export const SUBVOLUME_ENTRY = ROOT_ITEM;
