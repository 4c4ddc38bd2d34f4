import {
  ExtentMapBuilder,
  MappedSource,
  type ByteSource,
  type ImageCost,
  type Packing,
  type RoomShare,
} from '../../bytes/index.ts';
import { BOMB_BYTES, type Budget } from '../budget.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink, Member, UnpackContext } from '../format.ts';
import { Bomb } from '../guard.ts';
import type { Holes } from './holes.ts';

/** What a virtual disk lies in. */
export interface DiskGround {
  readonly source: ByteSource;
  readonly ledger: ByteLedger;
  readonly budget: Budget;
}

/**
 * Where the bytes of a virtual disk lie in its file, collected in order of the disk. Every part is claimed in the ledger.
 * Holds room of the tree's budget until it is disposed of.
 */
export class DiskMap implements Disposable {
  readonly #source: ByteSource;
  readonly #ledger: ByteLedger;
  readonly #size: number;
  readonly #headed: boolean;
  readonly #cost: ImageCost;
  readonly #room: RoomShare;
  readonly #extents: ExtentMapBuilder;
  /** Bytes of the disk that lie past the end of the file, or whose place is not known. */
  missing = 0;
  /** Bytes of the disk for which the map has no room, or that lie in two places at once. */
  dropped = 0;
  /** Bytes of the disk that lie in the file; and how many bytes of the file as they are. */
  #mapped = 0;
  #plain = 0;

  /** `size` of the virtual disk in bytes; Infinity: as far as its parts reach. `headed`: its first byte belongs to a header, and to no disk. */
  constructor({ source, ledger, budget }: DiskGround, size: number, headed = true) {
    this.#cost = budget.images;
    this.#room = budget.images.share();
    this.#extents = new ExtentMapBuilder(this.#room);
    this.#headed = headed;
    this.#source = source;
    this.#ledger = ledger;
    this.#size = size;
  }

  /** `length` bytes of the disk, from `start` on, lie at `from` as they are. What lies past either end is left out. */
  data(start: number, length: number, from: number): void {
    const end = Math.min(this.#size, start + length);
    if (end <= start) return;
    if (from === 0 && this.#headed) {
      this.lost(start, length);
      return;
    }
    this.#ledger.claim(from, from + length);
    const there = Math.max(0, Math.min(end - start, this.#source.size - from));
    this.missing += end - start - there;
    if (there === 0) return;
    if (this.#extents.add({ start, end: start + there, from, stored: 0 })) this.#plain += there;
    else this.dropped += there;
    this.#mapped += there;
  }

  /** The same for bytes that lie there packed, in `stored` bytes. */
  packed(start: number, length: number, from: number, stored: number): void {
    if (start >= this.#size || stored <= 0) return;
    this.#ledger.claim(from, from + stored);
    const there = Math.min(stored, this.#source.size - from);
    if (there <= 0) this.missing += Math.min(length, this.#size - start);
    else if (!this.#extents.add({ start, end: start + length, from, stored: there })) this.dropped += length;
    else this.#mapped += length;
  }

  /** Nobody knows where these bytes lie. */
  lost(start: number, length: number): void {
    this.missing += Math.max(0, Math.min(this.#size, start + length) - start);
  }

  get empty(): boolean {
    return this.#mapped === 0;
  }

  /** Throws Bomb when far more disk is made of the file than it holds. */
  finish(packing: Packing | null, sink: FormatSink, { budget }: UnpackContext): MappedSource {
    const { max_ratio } = budget.limits;
    const { size } = this.#source;
    if (this.#mapped > BOMB_BYTES && this.#mapped > max_ratio * size) {
      throw new Bomb(this.#mapped, size, max_ratio);
    }
    if (this.#plain > size) {
      const evidence = { bytes_of_file: size, bytes_of_disk: this.#plain };
      sink.unsafe('overlapping-clusters', 'parts of the disk share the same bytes of the file', { evidence });
    }
    return new MappedSource(
      this.#source,
      this.#extents.build(this.#size === Infinity ? null : this.#size, packing),
      this.#cost,
    );
  }

  [Symbol.dispose](): void {
    this.#room[Symbol.dispose]();
  }

  /** What of the disk called `name` does not come out, said as gaps. */
  sayWhatIsMissing(sink: FormatSink, name: string): void {
    if (this.missing > 0) {
      const detail = `${this.missing} bytes of the disk lie past the end of the file or in a table that is damaged`;
      sink.gap('corrupt', detail, { member: name, bytes: this.missing });
    }
    if (this.dropped > 0) {
      const detail = `${this.dropped} bytes of the disk lie in more pieces than are sorted out`;
      sink.gap('budget_exceeded', detail, { member: name, bytes: this.dropped });
    }
  }
}

/** Hands a source on that can be read anywhere, its holes left out; what of it cannot be decoded becomes a gap. */
export async function handOnSource(
  name: Member['name'],
  source: ByteSource,
  holes: Holes,
  sink: FormatSink,
): Promise<void> {
  const before = source instanceof MappedSource ? source.damage : null;
  await sink.member({ name, size: source.size, content: holes.chunks(source), source });
  if (!(source instanceof MappedSource) || before === null) return;
  const extents = source.damage.extents - before.extents;
  const bytes = source.damage.bytes - before.bytes;
  if (extents > 0) {
    sink.gap('corrupt', `${extents} of its packed parts cannot be decoded`, { member: name, bytes });
  }
}

interface Tools {
  readonly holes: Holes;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

/** The virtual disk of an image, and what of it is missing. */
export async function handOnDisk(
  name: string,
  map: DiskMap,
  packing: Packing | null,
  tools: Tools,
): Promise<void> {
  await handOnMapped(name, map, map.finish(packing, tools.sink, tools.context), tools);
}

/** The same for a map that is finished. */
export async function handOnMapped(
  name: string,
  map: DiskMap,
  disk: MappedSource,
  { holes, sink }: Pick<Tools, 'holes' | 'sink'>,
): Promise<void> {
  map.sayWhatIsMissing(sink, name);
  const { leftOut } = holes;
  await handOnSource(name, disk, holes, sink);
  if (holes.leftOut > leftOut) sink.measure('hole_bytes_left_out', holes.leftOut - leftOut);
}
