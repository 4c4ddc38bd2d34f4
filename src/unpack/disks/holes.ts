import { CHUNK_BYTES, type ByteSource } from '../../bytes/index.ts';

/** Zeros of holes that are always handed on of an image, in bytes: small disks come out as they are. */
const FREE_BYTES = 64 * 1024 * 1024;
/** Up to here nothing is left out: what a file is, is told by its first bytes. */
const HEAD_BYTES = 1024 * 1024;
/** Of a hole that is left out this much stays, so that what lies before and after it does not join. */
const LEFT_BYTES = 4096;

const ZEROS = Buffer.alloc(CHUNK_BYTES);

/**
 * How many zeros of holes the members of one container may bring along: a disk of many TiB may be a file of a few MiB,
 * and its holes are known to be zeros. One for all members of a container.
 */
export class Holes {
  #left: number;
  /** Zeros that were left out so far, in bytes. */
  leftOut = 0;

  /** At most `bytes` zeros, besides those at a member's beginning. */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** For an image whose file has `size` bytes: its holes may double the work, not more. */
  static ofImage(size: number): Holes {
    return new Holes(Math.max(FREE_BYTES, size));
  }

  /** All bytes of the source that are not in a hole, in order, with as many zeros between as there is room for. */
  async *chunks(source: ByteSource): AsyncGenerator<Buffer, void, undefined> {
    const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, source.size)));
    for (let at = 0, turn = 0; at < source.size; turn ^= 1) {
      const next = source.nextRun === undefined ? at : (source.nextRun(at)?.start ?? source.size);
      if (next > at) {
        yield* this.zeros(next - at, at);
        at = next;
        continue;
      }
      const buffer = buffers[turn] ?? Buffer.alloc(CHUNK_BYTES);
      const got = await source.readAt(buffer.subarray(0, Math.min(buffer.length, source.size - at)), at);
      if (got === 0) return;
      yield buffer.subarray(0, got);
      at += got;
    }
  }

  /** A hole of `length` bytes at `position` of a member, as far as there is room for it. */
  *zeros(length: number, position: number): Generator<Buffer, void, undefined> {
    const free = Math.min(length, Math.max(HEAD_BYTES - position, LEFT_BYTES));
    const paid = Math.min(length - free, this.#left);
    this.#left -= paid;
    this.leftOut += length - free - paid;
    for (let left = free + paid; left > 0; left -= CHUNK_BYTES) {
      yield ZEROS.subarray(0, Math.min(left, CHUNK_BYTES));
    }
  }
}
