import { crc32c } from '../../crc32c.ts';
import { countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';
import { NumberSet } from '../number-set.ts';
import type { Volume } from '../volume.ts';
import type { Chunks } from './chunks.ts';
import { compareKeys, KEY_BYTES } from './keys.ts';
import type { SuperBlock, TreePlace } from './super-block.ts';

/** btrfs.readthedocs.io, "On-disk Format": the header of a node, then items (of leaves) or pointers. */
const HEAD_BYTES = 101;
const ITEM_BYTES = KEY_BYTES + 8;
const POINTER_BYTES = KEY_BYTES + 16;
const MAX_LEVEL = 7;
/** Nodes that are kept: 8 MiB of the usual 16 KiB. */
const KEPT_NODES = 512;
const MAX_CLAIMED = 4_000_000;

interface Range {
  readonly first: Buffer;
  readonly last: Buffer;
  /** The key of the last item that was met. */
  readonly reached: Buffer;
}

export interface Item {
  readonly object: number;
  readonly type: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Reads the trees of one file system. */
export class Nodes {
  readonly #volume: Volume;
  readonly #found: SuperBlock;
  readonly #chunks: Chunks;
  readonly #kept = new Map<number, Buffer>();
  readonly #claimed: NumberSet;

  constructor(volume: Volume, found: SuperBlock, chunks: Chunks) {
    this.#volume = volume;
    this.#claimed = new NumberSet(MAX_CLAIMED, volume.room);
    this.#found = found;
    this.#chunks = chunks;
  }

  /** The items from `first` to `last`, both included, in order. Throws Damaged. */
  async *items(tree: TreePlace, first: Buffer, last: Buffer): AsyncGenerator<Item, void, undefined> {
    yield* this.#below(tree.at, tree.level, null, { first, last, reached: Buffer.alloc(KEY_BYTES) });
  }

  /** Claims all nodes of a tree, those of trees that share them once. */
  async claim({ at, level }: TreePlace): Promise<void> {
    if (this.#claimed.add(at) !== 'new') return;
    this.#claimNode(at);
    if (level === 0) return;
    const node = await this.#node(at, level);
    for (let i = 0; i < node.readUInt32LE(96); i++)
      await this.claim({ at: pointerOf(node, i), level: level - 1 });
  }

  async *#below(
    at: number,
    level: number,
    expected: { readonly node: Buffer; readonly at: number } | null,
    range: Range,
  ): AsyncGenerator<Item, void, undefined> {
    const node = await this.#node(at, level);
    // The key of a pointer is its node's first: so no node can stand in a tree twice.
    if (expected !== null && compareKeys(node, HEAD_BYTES, expected.node, expected.at) !== 0)
      throw new Damaged('a node of a tree that is not the one it should be');
    const width = level === 0 ? ITEM_BYTES : POINTER_BYTES;
    const count = node.readUInt32LE(96);
    for (let i = firstFrom(node, count, width, range.first, level > 0); i < count; i++) {
      const keyAt = HEAD_BYTES + i * width;
      if (compareKeys(node, keyAt, range.last, 0) > 0) return;
      if (level === 0) {
        // Items of one node reaching past the next one's: whoever collects them counts on their order.
        if (compareKeys(node, keyAt, range.reached, 0) < 0) throw new Damaged('items that are not in order');
        node.copy(range.reached, 0, keyAt, keyAt + KEY_BYTES);
      }
      if (level > 0) yield* this.#below(pointerOf(node, i), level - 1, { node, at: keyAt }, range);
      else {
        const from = HEAD_BYTES + node.readUInt32LE(keyAt + KEY_BYTES);
        const bytes = node.subarray(from, from + node.readUInt32LE(keyAt + KEY_BYTES + 4));
        const object = countOf(node.readBigUInt64LE(keyAt));
        yield {
          object,
          type: node.readUInt8(keyAt + 8),
          offset: countOf(node.readBigUInt64LE(keyAt + 9)),
          bytes,
        };
      }
    }
  }

  async #node(at: number, level: number): Promise<Buffer> {
    if (level > MAX_LEVEL) throw new Damaged(`a tree with ${level + 1} levels`);
    let node = this.#kept.get(at);
    if (node === undefined) {
      node = await this.#read(at);
      if (this.#kept.size >= KEPT_NODES) {
        for (const oldest of this.#kept.keys()) {
          this.#kept.delete(oldest);
          break;
        }
      }
    } else {
      this.#volume.lookAgain();
      this.#kept.delete(at);
    }
    this.#kept.set(at, node);
    if (node.readUInt8(100) !== level) throw new Damaged('a node of a tree in another level than its own');
    return node;
  }

  /** By whichever copy adds up; else by one that at least can be. */
  async #read(at: number): Promise<Buffer> {
    const { nodeBytes } = this.#found;
    let possible: Buffer | null = null;
    for (const copy of this.#chunks.place(at, nodeBytes).copies) {
      const node = await this.#volume.look(copy, nodeBytes);
      if (node.length < nodeBytes || !isPossible(node, at)) continue;
      if (!this.#found.crc32c || crc32c(node.subarray(32)) === node.readUInt32LE(0)) {
        this.#claimNode(at);
        return node;
      }
      possible ??= node;
    }
    if (possible === null) throw new Damaged('no node of a tree where one must be');
    this.#volume.wrongSum();
    this.#claimNode(at);
    return possible;
  }

  #claimNode(at: number): void {
    const { nodeBytes } = this.#found;
    for (const copy of this.#chunks.place(at, nodeBytes).copies)
      this.#volume.ledger.claim(copy, copy + nodeBytes);
  }
}

function pointerOf(node: Buffer, index: number): number {
  return countOf(node.readBigUInt64LE(HEAD_BYTES + index * POINTER_BYTES + KEY_BYTES));
}

/** The first entry at or behind `first`; of pointers the one before it, in whose node it may stand. */
function firstFrom(node: Buffer, count: number, width: number, first: Buffer, pointers: boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(node, HEAD_BYTES + middle * width, first, 0) < 0) low = middle + 1;
    else high = middle;
  }
  const exact = low < count && compareKeys(node, HEAD_BYTES + low * width, first, 0) === 0;
  return pointers && !exact ? Math.max(0, low - 1) : low;
}

/** It says where it is, its keys go up, and what its items hold is within it. */
function isPossible(node: Buffer, at: number): boolean {
  const count = node.readUInt32LE(96);
  const leaf = node.readUInt8(100) === 0;
  const width = leaf ? ITEM_BYTES : POINTER_BYTES;
  if (countOf(node.readBigUInt64LE(48)) !== at || HEAD_BYTES + count * width > node.length) return false;
  if (!leaf && count === 0) return false;
  for (let i = 0; i < count; i++) {
    const keyAt = HEAD_BYTES + i * width;
    if (i > 0 && compareKeys(node, keyAt - width, node, keyAt) >= 0) return false;
    if (leaf) {
      const from = HEAD_BYTES + node.readUInt32LE(keyAt + KEY_BYTES);
      if (from + node.readUInt32LE(keyAt + KEY_BYTES + 4) > node.length) return false;
    }
  }
  return true;
}
