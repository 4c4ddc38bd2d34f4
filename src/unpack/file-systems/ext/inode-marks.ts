import type { Room } from '../../../bytes/index.ts';

/** Inodes for which there is room: 64 MiB. */
const MAX_INODES = 512 * 1024 * 1024;

/** Which inodes a folder led to: a bit each. */
export class InodeMarks {
  readonly #bits: Uint8Array;
  readonly count: number;

  /** `most`: as many as there are, and as the image has room for; half of it, and half of that, where memory has less. */
  constructor(most: number, room: Room) {
    let count = Math.min(most, MAX_INODES);
    while (count > 0 && !room.take(count / 8)) count = Math.floor(count / 2);
    this.count = count;
    this.#bits = new Uint8Array(Math.ceil((this.count + 1) / 8));
  }

  add(inode: number): void {
    if (inode <= this.count) this.#bits[inode >>> 3] = (this.#bits[inode >>> 3] ?? 0) | (1 << (inode & 7));
  }

  has(inode: number): boolean {
    return ((this.#bits[inode >>> 3] ?? 0) & (1 << (inode & 7))) !== 0;
  }
}
