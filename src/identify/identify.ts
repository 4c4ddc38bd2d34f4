import type { ContentType } from '../domain/index.ts';

/** Enough for every signature we know (btrfs: 64 KiB + 72; ISO 9660: 32 KiB + 6) and for libmagic. */
export const HEAD_BYTES = 128 * 1024;
/** Enough for what stands at the end: zip's directory end (64 KiB + 22), dmg's and vhd's footers (512). */
export const TAIL_BYTES = 64 * 1024 + 512;

/** What identification gets to see of an artifact. */
export interface Glimpse {
  /** The first HEAD_BYTES, or all of it if it is smaller. */
  readonly head: Buffer;
  /** The last TAIL_BYTES; null for a stream, and when the head holds everything. */
  readonly tail: Buffer | null;
  /** In bytes; null for a stream longer than the head. */
  readonly size: number | null;
  /** Last name of the trail. */
  readonly name: string;
}

export class Identifier {
  static async create(): Promise<Identifier> {
    return new Identifier();
  }
  identify(_glimpse: Glimpse): ContentType {
    throw new Error('not written yet');
  }
}
