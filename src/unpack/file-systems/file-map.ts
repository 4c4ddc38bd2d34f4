import {
  ExtentMapBuilder,
  MappedSource,
  type ByteSource,
  type ImageCost,
  type RoomShare,
} from '../../bytes/index.ts';
import type { BlockLedger } from './block-ledger.ts';

/** What files are made of: a `Volume`. */
interface Ground {
  readonly source: ByteSource;
  readonly ledger: BlockLedger;
  readonly blockBytes: number;
  readonly cost: ImageCost;
}

/**
 * Where the bytes of one file lie, collected in order of the file; what is not said is a hole. Claims them. Holds room of
 * the tree's budget until it is disposed of.
 */
export class FileMap implements Disposable {
  readonly #volume: Ground;
  readonly #room: RoomShare;
  readonly #extents: ExtentMapBuilder;
  readonly size: number;
  readonly #written: number;
  /** Bytes of the file that lie in the image and in no hole of it. */
  mapped = 0;
  /** Bytes of the file that lie past the end of the image, or whose place is not known. */
  missing = 0;
  /** Bytes of the file for which the map has no room, or that lie in two places at once. */
  dropped = 0;
  /** The rest of the file's last block: it is no part of it, and may hold anything. */
  tail: { readonly start: number; readonly end: number } | null = null;

  /** `written`: from there on it reads as zeros, whatever lies there. */
  constructor(volume: Ground, size: number, written = size) {
    this.#volume = volume;
    this.#room = volume.cost.share();
    this.#extents = new ExtentMapBuilder(this.#room);
    this.size = size;
    this.#written = Math.min(written, size);
  }

  /** `length` bytes of the file, from `start` on, lie at `from`. What lies past its end is not the file's. */
  data(start: number, length: number, from: number): void {
    const count = Math.min(length, this.#written - start);
    if (!(count > 0)) return;
    const there = Math.max(0, Math.min(count, this.#volume.source.size - from));
    if (from < 0 || from === Infinity) {
      this.missing += count;
      return;
    }
    this.missing += count - there;
    if (there === 0) return;
    const { blockBytes } = this.#volume;
    const whole = Math.ceil(there / blockBytes) * blockBytes;
    this.#volume.ledger.claim(from, from + Math.min(length, whole));
    if (count < length && whole > there)
      this.tail = { start: from + there, end: from + Math.min(length, whole) };
    if (!this.#extents.add({ start, end: start + there, from, stored: 0 })) this.dropped += there;
    else this.mapped += this.#volume.ledger.storedIn(from, from + there);
  }

  /** Nobody knows where these bytes lie. */
  lost(start: number, length: number): void {
    this.missing += Math.max(0, Math.min(this.size, start + length) - Math.max(0, start));
  }

  finish(): MappedSource {
    return new MappedSource(this.#volume.source, this.#extents.build(this.size), this.#volume.cost);
  }

  [Symbol.dispose](): void {
    this.#room[Symbol.dispose]();
  }
}
