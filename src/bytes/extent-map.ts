import type { Room } from './image-cost.ts';

/** Numbers in one row of a map. */
const COLUMNS = 4;
const FIRST_ROWS = 64;
const ROW_BYTES = COLUMNS * 8;

/** Extents in one map: 32 bytes each, so 128 MiB at most. */
const MAX_EXTENTS = 4 * 1024 * 1024;

/** How packed extents are stored: raw deflate (RFC 1951), zlib (RFC 1950) or Zstandard (RFC 8878). */
export type Packing = 'deflate' | 'zlib' | 'zstd';

export interface Extent {
  /** Where it lies in the mapped bytes: [start, end). */
  readonly start: number;
  readonly end: number;
  /** Where it begins in the bytes below. */
  readonly from: number;
  /** How many bytes it takes there when it is packed; 0: it lies there as it is. */
  readonly stored: number;
}

/**
 * Which bytes of a mapped source lie where in another one; what no extent covers is zeros. In shared memory, so that
 * a thread can read by it without a copy.
 */
export interface ExtentMap {
  readonly size: number;
  readonly count: number;
  /** Four numbers an extent: start, end, from, stored; in order, none overlaps another. */
  readonly rows: Float64Array<SharedArrayBuffer>;
  readonly packing: Packing | null;
}

/** Collects extents in the order of their start; neighbours that continue each other become one. */
export class ExtentMapBuilder {
  #rows = shared(FIRST_ROWS);
  #count = 0;
  #reached = 0;
  readonly #room: Room | null;
  readonly #most: number;

  /** `most` extents are kept, with 32 bytes each, which come out of `room`; the first few cost nothing. */
  constructor(room: Room | null = null, most = MAX_EXTENTS) {
    this.#room = room;
    this.#most = most;
  }

  /** False: it begins before the end of the last one, or there is no room for it; nothing was added. */
  add({ start, end, from, stored }: Extent): boolean {
    if (end <= start) return true;
    if (start < this.#reached) return false;
    const last = (this.#count - 1) * COLUMNS;
    const follows =
      this.#count > 0 &&
      stored === 0 &&
      this.#rows[last + 3] === 0 &&
      this.#reached === start &&
      (this.#rows[last + 2] ?? 0) + start - (this.#rows[last] ?? 0) === from;
    if (follows) this.#rows[last + 1] = end;
    else {
      if (this.#count >= this.#most) return false;
      if ((this.#count + 1) * COLUMNS > this.#rows.length) {
        const rows = Math.min(this.#most, this.#count * 2);
        if (this.#room?.take((rows - this.#count) * ROW_BYTES) === false) return false;
        const larger = shared(rows);
        larger.set(this.#rows);
        this.#rows = larger;
      }
      this.#rows.set([start, end, from, stored], this.#count * COLUMNS);
      this.#count++;
    }
    this.#reached = end;
    return true;
  }

  /**
   * `size` of the mapped bytes, by default up to the end of the last extent; a packed one may hold more than that. The
   * builder is done with.
   */
  build(size: number | null = null, packing: Packing | null = null): ExtentMap {
    return { size: size ?? this.#reached, count: this.#count, rows: this.#rows, packing };
  }
}

/** The extent with that number; throws RangeError when there is none. */
export function extentOf({ rows, count }: ExtentMap, index: number): Extent {
  if (index < 0 || index >= count) throw new RangeError(`extent ${index} of ${count}`);
  const at = index * COLUMNS;
  return { start: rows[at] ?? 0, end: rows[at + 1] ?? 0, from: rows[at + 2] ?? 0, stored: rows[at + 3] ?? 0 };
}

/** The number of the first extent that ends after `position`; `count` when there is none. */
export function extentAt({ rows, count }: ExtentMap, position: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle * COLUMNS + 1] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether both say the same of every byte. */
export function sameMap(a: ExtentMap, b: ExtentMap): boolean {
  if (a.size !== b.size || a.count !== b.count || a.packing !== b.packing) return false;
  for (let i = 0; i < a.count * COLUMNS; i++) if (a.rows[i] !== b.rows[i]) return false;
  return true;
}

function shared(count: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(count * ROW_BYTES));
}
