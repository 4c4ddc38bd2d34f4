import { countOf } from '../../disks/bytes-at.ts';
import { Damaged, OverBudget } from '../../trouble.ts';
import { KEY_BYTES } from './keys.ts';

/** btrfs.readthedocs.io, "On-disk Format", chunk items: which logical bytes lie where on which device. */
const HEAD_BYTES = 48;
const STRIPE_BYTES = 32;
const MAX_CHUNKS = 1_000_000;
/** Kinds whose stripes are whole copies: one device, RAID 1 with 2, 3 or 4 copies, twice on the same device. */
const COPIES = 0x10 | 0x20 | 0x200 | 0x400;
const STRIPED = 0x8 | 0x40 | 0x80 | 0x100;

interface Chunk {
  readonly start: number;
  readonly end: number;
  /** Where each copy on this device begins. */
  readonly copies: readonly number[];
}

export interface Place {
  /** Where the bytes lie on this device, each copy; none: they do not. */
  readonly copies: readonly number[];
  /** How many of those that were asked for lie there in a row. */
  readonly length: number;
}

/** Where logical bytes lie on one device. */
export class Chunks {
  readonly #device: number;
  #chunks: Chunk[] = [];
  /** Bytes that are striped over several devices, or lie on others. */
  elsewhere = 0;

  constructor(device: number) {
    this.#device = device;
  }

  /** Adds the chunks that the super block lists itself. */
  addSystem(bytes: Buffer): void {
    for (let at = 0; at + KEY_BYTES + HEAD_BYTES <= bytes.length;) {
      const stripes = bytes.readUInt16LE(at + KEY_BYTES + 44);
      const end = at + KEY_BYTES + HEAD_BYTES + stripes * STRIPE_BYTES;
      if (end > bytes.length) throw new Damaged('its list of chunks is cut off');
      this.add(countOf(bytes.readBigUInt64LE(at + 9)), bytes.subarray(at + KEY_BYTES, end));
      at = end;
    }
  }

  add(start: number, item: Buffer): void {
    if (item.length < HEAD_BYTES) throw new Damaged('a chunk that is cut off');
    const length = countOf(item.readBigUInt64LE(0));
    const type = item.readUInt32LE(24);
    const stripes = Math.min(item.readUInt16LE(44), Math.floor((item.length - HEAD_BYTES) / STRIPE_BYTES));
    if (!Number.isSafeInteger(start + length)) throw new Damaged('a chunk that ends nowhere');
    const copies: number[] = [];
    for (let i = 0; i < stripes; i++) {
      const at = HEAD_BYTES + i * STRIPE_BYTES;
      if (countOf(item.readBigUInt64LE(at)) === this.#device)
        copies.push(countOf(item.readBigUInt64LE(at + 8)));
    }
    const readable = (type & STRIPED) === 0 && (stripes === 1 || (type & COPIES) !== 0);
    if (!readable || copies.length === 0) this.elsewhere += length;
    this.#insert({ start, end: start + length, copies: readable ? copies : [] });
  }

  place(logical: number, length: number): Place {
    const index = this.#indexAt(logical);
    const chunk = this.#chunks[index];
    if (chunk === undefined || logical < chunk.start) {
      const next = chunk?.start ?? Infinity;
      return { copies: [], length: Math.min(length, next - logical) };
    }
    return {
      copies: chunk.copies.map((at) => at + logical - chunk.start),
      length: Math.min(length, chunk.end - logical),
    };
  }

  #insert(chunk: Chunk): void {
    const index = this.#indexAt(chunk.start);
    const next = this.#chunks[index];
    // The super block's are in the tree once more; what overlaps another one is not believed.
    if (chunk.end <= chunk.start || (next !== undefined && next.start < chunk.end)) return;
    if (this.#chunks.length >= MAX_CHUNKS) throw new OverBudget(`more than ${MAX_CHUNKS} chunks`);
    this.#chunks.splice(index, 0, chunk);
  }

  /** Of the first chunk that ends behind `logical`. */
  #indexAt(logical: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.end ?? 0) <= logical) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
