import { Damaged } from '../../trouble.ts';
import type { Volume } from '../volume.ts';
import { FIRST_CLUSTER, type BootSector } from './boot-sector.ts';
import { piecesOf, type Allocation } from './clusters.ts';

/** Pieces of the map: it is nearly always in one. */
const MAX_PIECES = 100;

/** Which clusters are in use (exFAT specification, 7.1). */
export class Bitmap {
  readonly #volume: Volume;
  readonly #bytes: number;
  readonly #most: number;
  #located = 0;
  /** Maps that were met beyond those that there can be: one for each table of clusters. */
  ignored = 0;
  /** In order; none: nobody knows. */
  #pieces: { readonly start: number; readonly length: number; readonly from: number }[] = [];

  constructor(volume: Volume, boot: BootSector) {
    this.#volume = volume;
    this.#bytes = Math.ceil(boot.clusters / 8);
    this.#most = (boot.tablesEnd - boot.tablesAt) / boot.tableBytes;
  }

  /** Reads where it lies, and claims it. Of two the first counts. Throws Damaged. */
  async locate(allocation: Allocation, boot: BootSector): Promise<void> {
    if (this.#located === this.#most) {
      this.ignored++;
      return;
    }
    const counts = this.#located++ === 0;
    // What stands behind its last bit belongs to nobody.
    const bytes = Math.min(allocation.bytes, this.#bytes);
    for await (const piece of piecesOf({ ...allocation, bytes, contiguous: false }, this.#volume, boot)) {
      const length = Math.min(piece.length, bytes - piece.start);
      await this.#volume.part(piece.from, piece.from + length);
      if (!counts) continue;
      const last = this.#pieces.at(-1);
      if (last !== undefined && last.from + last.length === piece.from) {
        this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + length };
      } else if (this.#pieces.length < MAX_PIECES) this.#pieces.push({ ...piece, length });
      else {
        this.#pieces = [];
        throw new Damaged(`its map of what is in use lies in more than ${MAX_PIECES} pieces`);
      }
    }
  }

  /** Whether none of these clusters is in use; false when nobody knows. */
  async isFree(first: number, count: number): Promise<boolean> {
    const from = first - FIRST_CLUSTER;
    for (let at = Math.floor(from / 8); at <= Math.floor((from + count - 1) / 8);) {
      const piece = this.#pieces.find(({ start, length }) => at >= start && at < start + length);
      if (piece === undefined) return false;
      const within = at - piece.start;
      const wanted = Math.min(4096, piece.length - within, Math.floor((from + count - 1) / 8) + 1 - at);
      const bits = await this.#volume.read(piece.from + within, wanted);
      if (bits.length < wanted) return false;
      for (const [index, byte] of bits.entries()) {
        const low = Math.max(0, from - (at + index) * 8);
        const high = Math.min(8, from + count - (at + index) * 8);
        if ((byte & ((1 << high) - 1) & ~((1 << low) - 1)) !== 0) return false;
      }
      at += wanted;
    }
    return true;
  }
}
