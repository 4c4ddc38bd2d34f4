import { CHUNK_BYTES, MemorySource, type ByteSource } from './byte-source.ts';
import { ExtentMapBuilder, extentAt, extentOf, type Extent, type ExtentMap } from './extent-map.ts';
import { ImageCost } from './image-cost.ts';
import { PackedUnits } from './packed-units.ts';

const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Zeros of holes that all streams of one source bring along together: whoever needs more asks where the data are. */
const MAX_STREAMED_ZEROS = 4 * 1024 ** 3;

/** A stream over holes that would not end in any useful time. */
export class EndlessHoles extends Error {
  constructor() {
    super(`more than ${MAX_STREAMED_ZEROS} bytes of holes would have to be read`);
    this.name = 'EndlessHoles';
  }
}

/** Bytes [start, end). */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes put together from extents of another source; zeros where there is none. Costs nothing but its map: the source
 * below stays its owner's and must outlive it. Packed extents are decoded as they are read; those that cannot be are
 * zeros, and `damage` counts them.
 */
export class MappedSource implements ByteSource {
  readonly bytes = null;
  readonly fd = null;
  readonly base: ByteSource;
  readonly map: ExtentMap;
  readonly cost: ImageCost;
  readonly #units: PackedUnits;
  #zeros = 0;

  /** `cost`: of all maps that it has to do with; by default the one of what lies below. */
  constructor(base: ByteSource, map: ExtentMap, cost: ImageCost | null = null) {
    this.base = base;
    this.map = map;
    this.cost = cost ?? (base instanceof MappedSource ? base.cost : new ImageCost());
    this.#units = new PackedUnits(map.packing);
  }

  get size(): number {
    return this.map.size;
  }

  /** What could not be decoded of all that was read so far. */
  get damage(): { readonly extents: number; readonly bytes: number } {
    return { extents: this.#units.damaged, bytes: this.#units.damagedBytes };
  }

  async readAt(target: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.size, position + target.length);
    for (let at = position; at < end;) {
      const index = extentAt(this.map, at);
      const extent = index < this.map.count ? extentOf(this.map, index) : null;
      const stop = Math.min(end, extent === null ? end : extent.start > at ? extent.start : extent.end);
      const part = target.subarray(at - position, stop - position);
      if (extent === null || extent.start > at) part.fill(0);
      else if (extent.stored > 0) {
        const unit = this.#units.kept(index) ?? (await this.#decode(index, extent));
        part.set(unit.subarray(at - extent.start, stop - extent.start));
      } else {
        const got = await this.base.readAt(part, extent.from + at - extent.start);
        if (got < part.length) return at - position + got;
      }
      this.cost.paid(stop - at);
      at = stop;
    }
    return Math.max(0, end - position);
  }

  /** Throws EndlessHoles. */
  async *stream(start = 0, end = this.size): AsyncGenerator<Buffer, void, undefined> {
    const stop = Math.min(end, this.size);
    const length = Math.min(CHUNK_BYTES, stop - start);
    if (length <= 0) return;
    const buffers = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)] as const;
    for (let at = start, turn = 0; at < stop; turn ^= 1) {
      const hole = Math.min(stop, this.nextRun(at)?.start ?? stop) - at;
      if (hole > 0) {
        this.#zeros += Math.min(hole, CHUNK_BYTES);
        if (this.#zeros > MAX_STREAMED_ZEROS) throw new EndlessHoles();
        yield ZEROS.subarray(0, Math.min(hole, CHUNK_BYTES));
        at += Math.min(hole, CHUNK_BYTES);
        continue;
      }
      const buffer = turn === 0 ? buffers[0] : buffers[1];
      const got = await this.readAt(buffer.subarray(0, Math.min(length, stop - at)), at);
      if (got === 0) return;
      yield buffer.subarray(0, got);
      at += got;
    }
  }

  /** The first bytes at or after `position` that are not a hole, and how far they reach; null when only holes follow. Throws EndlessMaps. */
  nextRun(position: number): Run | null {
    for (let index = extentAt(this.map, position); index < this.map.count; index++) {
      this.cost.step();
      const extent = extentOf(this.map, index);
      const start = Math.max(position, extent.start);
      if (extent.stored > 0 || this.base.nextRun === undefined)
        return start < this.size ? { start, end: Math.min(this.size, extent.end) } : null;
      const shift = extent.start - extent.from;
      const run = this.base.nextRun(start - shift);
      if (run === null || run.start + shift >= extent.end) continue;
      return { start: run.start + shift, end: Math.min(extent.end, run.end + shift) };
    }
    return null;
  }

  async #decode(index: number, { start, end, from, stored }: Extent): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(stored);
    const got = await this.base.readAt(bytes, from);
    return this.#units.decode(index, bytes.subarray(0, got), end - start, Math.min(end, this.size) - start);
  }
}

/** A part of a source as a source of its own; what lies past the end of the whole is left out. */
export function sliceOf(source: ByteSource, start: number, end: number): ByteSource {
  const stop = Math.min(end, source.size);
  if (source.bytes !== null) return new MemorySource(source.bytes.subarray(start, Math.max(start, stop)));
  const builder = new ExtentMapBuilder(null, 1);
  builder.add({ start: 0, end: Math.max(0, stop - start), from: start, stored: 0 });
  return new MappedSource(source, builder.build());
}
