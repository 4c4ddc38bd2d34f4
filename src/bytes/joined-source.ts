import { CHUNK_BYTES, type ByteSource } from './byte-source.ts';
import type { Run } from './mapped-source.ts';

/** Several sources, one behind the other, as one. They stay their owners' and must outlive it. Holds no bytes. */
export class JoinedSource implements ByteSource {
  readonly bytes = null;
  readonly fd = null;
  readonly size: number;
  readonly parts: readonly ByteSource[];
  /** Where each part begins. */
  readonly #starts: readonly number[];

  constructor(parts: readonly ByteSource[]) {
    let size = 0;
    this.#starts = parts.map((part) => {
      const start = size;
      size += part.size;
      return start;
    });
    this.size = size;
    this.parts = parts;
  }

  async readAt(target: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    for (const [index, part] of this.parts.entries()) {
      const within = position + filled - (this.#starts[index] ?? 0);
      if (within < 0 || within >= part.size || filled === target.length) continue;
      const wanted = Math.min(target.length - filled, part.size - within);
      const got = await part.readAt(target.subarray(filled, filled + wanted), within);
      filled += got;
      if (got < wanted) break; // The part became shorter: what follows would stand in the wrong place.
    }
    return filled;
  }

  /** As that of the part that it falls into; parts without holes are one run each. */
  nextRun(position: number): Run | null {
    for (const [index, part] of this.parts.entries()) {
      const start = this.#starts[index] ?? 0;
      const within = Math.max(0, position - start);
      if (within >= part.size) continue;
      const run = part.nextRun === undefined ? { start: within, end: part.size } : part.nextRun(within);
      if (run !== null) return { start: start + run.start, end: start + run.end };
    }
    return null;
  }

  // Two buffers take turns, so the next read never overwrites the chunk that is still being examined.
  async *stream(start = 0, end = this.size): AsyncGenerator<Buffer, void, undefined> {
    const stop = Math.min(end, this.size);
    const length = Math.min(CHUNK_BYTES, stop - start);
    if (length <= 0) return;
    const buffers = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)] as const;
    for (let at = start, turn = 0; at < stop; turn ^= 1) {
      const buffer = turn === 0 ? buffers[0] : buffers[1];
      const got = await this.readAt(buffer.subarray(0, Math.min(length, stop - at)), at);
      if (got === 0) return;
      yield buffer.subarray(0, got);
      at += got;
    }
  }
}
