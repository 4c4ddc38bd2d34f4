import type { ByteSource, Room } from '../../bytes/index.ts';
import type { Stretch } from '../byte-ledger.ts';
import { Runs } from './runs.ts';

/** Blocks whose claims are kept together: 4 KiB of bits, 128 MiB of a file system with blocks of 4 KiB. */
const SEGMENT_BLOCKS = 32_768;
const SEGMENT_BYTES = SEGMENT_BLOCKS / 8;
/** Segments that are claimed in part: 64 MiB of bits. */
const MAX_PARTIAL = 16_384;
/** Stretches of less than a block, within blocks that are claimed. */
const MAX_LOOSE = 100_000;

/** Bits of one segment; `all`: every block of it is claimed. */
type Segment = Uint8Array | 'all';

/**
 * Which blocks of a file system are accounted for. Unlike a `ByteLedger` it has room for files in any number of pieces:
 * a bit a block, and nothing for regions that are all free or all in use.
 */
export class BlockLedger {
  /** All positions are counted from a place before the image where a block would begin: so many bytes. */
  readonly #shift: number;
  readonly #end: number;
  /** Within, places are ranks: what lies in a hole is nobody's business. */
  readonly #runs: Runs;
  readonly #blockBytes: number;
  readonly #segments = new Map<number, Segment>();
  readonly #used = new Map<number, number>();
  #partial = 0;
  readonly #loose: Stretch[] = [];
  /** Bytes of regions for which there was no room: nobody knows which of them are claimed. */
  unsorted = 0;

  readonly #room: Room | null;

  /** `firstBlock`: where any block of the image begins, if not all at multiples of their size. Throws OverBudget. */
  constructor(
    image: Pick<ByteSource, 'size' | 'nextRun'>,
    blockBytes: number,
    { firstBlock = 0, room = null }: { readonly firstBlock?: number; readonly room?: Room | null } = {},
  ) {
    this.#room = room;
    this.#shift = (blockBytes - (firstBlock % blockBytes)) % blockBytes;
    this.#end = image.size + this.#shift;
    this.#blockBytes = blockBytes;
    this.#runs = new Runs(image, blockBytes, this.#shift, room);
  }

  /** Bytes of the image that are in no hole. */
  get stored(): number {
    return this.#runs.bytes - this.#shift;
  }

  /** Bytes of [start, end) that are in no hole, where holes are counted in whole blocks. */
  storedIn(start: number, end: number): number {
    return this.#runs.rankOf(end + this.#shift) - this.#runs.rankOf(start + this.#shift);
  }

  /** All blocks that [start, end) touches are accounted for; what lies outside the image is left out. */
  claim(start: number, end: number): void {
    if (!(start >= 0 && start < end)) return;
    const from = this.#runs.rankOf(start + this.#shift);
    const to = this.#runs.rankOf(Math.min(end + this.#shift, this.#end));
    if (!(from < to)) return;
    const last = Math.floor((to - 1) / this.#blockBytes);
    for (let block = Math.floor(from / this.#blockBytes); block <= last;) {
      const number = Math.floor(block / SEGMENT_BLOCKS);
      const until = Math.min(SEGMENT_BLOCKS, last + 1 - number * SEGMENT_BLOCKS);
      this.#claimIn(number, block - number * SEGMENT_BLOCKS, until);
      block = number * SEGMENT_BLOCKS + until;
    }
  }

  /** Whether the block of a byte that is in no hole is accounted for. */
  isClaimed(position: number): boolean {
    const block = Math.floor(this.#runs.rankOf(position + this.#shift) / this.#blockBytes);
    const segment = this.#segments.get(Math.floor(block / SEGMENT_BLOCKS));
    return segment === 'all' || (segment !== undefined && isSet(segment, block % SEGMENT_BLOCKS));
  }

  /** These bytes lie in blocks that are claimed for others, and belong to nobody. */
  leave(start: number, end: number): void {
    if (this.#loose.length < MAX_LOOSE) this.#loose.push({ start, end });
    else this.unsorted += end - start;
  }

  /** Where the block ends in which `position` - 1 lies. */
  blockEnd(position: number): number {
    return Math.ceil((position + this.#shift) / this.#blockBytes) * this.#blockBytes - this.#shift;
  }

  /** What nobody claimed: blocks in order, then the ends of blocks. */
  *unclaimed(): Generator<Stretch, void, undefined> {
    for (const { start, end } of this.#freeBlocks()) {
      // Several runs may lie in it, and the holes between them.
      const from = this.#runs.positionOf(start);
      const to = this.#runs.positionOf(end - 1) + 1;
      yield { start: Math.max(0, from - this.#shift), end: to - this.#shift };
    }
    yield* this.#loose;
  }

  *#freeBlocks(): Generator<Stretch, void, undefined> {
    const segmentBytes = SEGMENT_BLOCKS * this.#blockBytes;
    const size = this.#runs.bytes;
    let start: number | null = null;
    for (let number = 0; number * segmentBytes < size; number++) {
      const segment = this.#segments.get(number);
      const base = number * segmentBytes;
      if (segment === undefined) {
        start ??= base;
        continue;
      }
      if (segment !== 'all') {
        for (let block = 0; block < SEGMENT_BLOCKS; block++) {
          const at = base + block * this.#blockBytes;
          if (at >= size) break;
          if (isSet(segment, block)) {
            if (start !== null) yield { start, end: at };
            start = null;
          } else start ??= at;
        }
      } else if (start !== null) {
        yield { start, end: base };
        start = null;
      }
    }
    if (start !== null) yield { start, end: size };
  }

  #claimIn(number: number, from: number, until: number): void {
    let segment = this.#segments.get(number);
    if (segment === 'all') return;
    if (from === 0 && until === SEGMENT_BLOCKS) {
      this.#allOf(number, segment !== undefined);
      return;
    }
    if (segment === undefined) {
      if (this.#partial >= MAX_PARTIAL || this.#room?.take(SEGMENT_BYTES) === false) {
        // Said as a gap: the region counts as claimed, so that its files are not examined a second time.
        this.unsorted += SEGMENT_BLOCKS * this.#blockBytes;
        this.#segments.set(number, 'all');
        return;
      }
      this.#partial++;
      segment = new Uint8Array(SEGMENT_BYTES);
      this.#segments.set(number, segment);
    }
    let used = this.#used.get(number) ?? 0;
    for (let block = from; block < until; block++) {
      if ((block & 7) === 0 && block + 8 <= until && segment[block >> 3] === 0) {
        segment[block >> 3] = 0xff;
        used += 8;
        block += 7;
      } else if (!isSet(segment, block)) {
        segment[block >> 3] = (segment[block >> 3] ?? 0) | (1 << (block & 7));
        used++;
      }
    }
    if (used < SEGMENT_BLOCKS) {
      this.#used.set(number, used);
      return;
    }
    this.#allOf(number, true);
  }

  #allOf(number: number, wasPartial: boolean): void {
    this.#segments.set(number, 'all');
    this.#used.delete(number);
    if (!wasPartial) return;
    this.#partial--;
    this.#room?.give(SEGMENT_BYTES);
  }
}

function isSet(segment: Uint8Array, block: number): boolean {
  return ((segment[block >> 3] ?? 0) & (1 << (block & 7))) !== 0;
}
