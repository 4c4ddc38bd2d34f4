import type { FileHandle } from 'node:fs/promises';

/** Bytes read at a time from a file: large enough that system calls do not count, small enough for many at once. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Bytes that can be read anywhere, any number of times. Reads never go past `size`, even if the file behind it
 * grows. `bytes` is set when all of it is in memory, `fd` when it is an open file (owned by whoever made the
 * source; positions are always explicit, so threads and engines may share it), neither when it is a mapping.
 */
export interface ByteSource {
  readonly size: number;
  readonly bytes: Buffer | null;
  readonly fd: number | null;
  /** Fills `target` from `position`; resolves to the count, smaller than asked for only at the end. */
  readAt(target: Uint8Array, position: number): Promise<number>;
  /**
   * The bytes of [start, end) in order. A chunk belongs to the reader only until the next one is asked for:
   * whoever keeps it, copies it.
   */
  stream(start?: number, end?: number): AsyncGenerator<Buffer, void, undefined>;
  /**
   * Of a source that knows its holes: the first bytes [start, end) at or after `position` that are not in one; null
   * when only holes follow. Never reads.
   */
  nextRun?(position: number): { readonly start: number; readonly end: number } | null;
}

export class MemorySource implements ByteSource {
  readonly bytes: Buffer;
  readonly fd = null;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  get size(): number {
    return this.bytes.length;
  }
  async readAt(target: Uint8Array, position: number): Promise<number> {
    const slice = this.bytes.subarray(position, position + target.length);
    target.set(slice);
    return slice.length;
  }
  async *stream(start = 0, end = this.size): AsyncGenerator<Buffer, void, undefined> {
    if (end > start) yield this.bytes.subarray(start, end);
  }
}

const NOTHING = Buffer.alloc(0);

export class FileSource implements ByteSource {
  readonly bytes = null;
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #onRead: ((bytes: number) => void) | undefined;
  #tail = NOTHING;

  /**
   * The handle stays the caller's, who closes it after the last read. `size` is what fstat said. `onRead` is told of every
   * call that reads, for whoever counts them.
   */
  constructor(handle: FileHandle, size: number, onRead?: (bytes: number) => void) {
    this.#handle = handle;
    this.#onRead = onRead;
    this.size = size;
  }
  get fd(): number {
    return this.#handle.fd;
  }
  async readAt(target: Uint8Array, position: number): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    const kept = this.size - this.#tail.length;
    const toRead = Math.max(0, Math.min(wanted, kept - position));
    let filled = 0;
    while (filled < toRead) {
      const { bytesRead } = await this.#handle.read(target, filled, toRead - filled, position + filled);
      this.#onRead?.(bytesRead);
      if (bytesRead === 0) return filled;
      filled += bytesRead;
    }
    const from = position + filled - kept;
    target.set(this.#tail.subarray(from, from + wanted - filled), filled);
    return wanted;
  }

  /** Its last bytes, which stay in memory: what is looked at before the rest goes past is not read again. */
  async keepTail(length: number): Promise<Buffer> {
    const tail = Buffer.allocUnsafeSlow(Math.min(length, this.size));
    const got = await this.readAt(tail, this.size - tail.length);
    if (got === tail.length) this.#tail = tail;
    return tail.subarray(0, got);
  }

  // Two buffers take turns, so the next read never overwrites the chunk that is still being examined.
  async *stream(start = 0, end = this.size): AsyncGenerator<Buffer, void, undefined> {
    const length = Math.min(CHUNK_BYTES, end - start);
    if (length <= 0) return;
    const buffers = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)] as const;
    for (let position = start, turn = 0; position < end; turn ^= 1) {
      const buffer = turn === 0 ? buffers[0] : buffers[1];
      const got = await this.readAt(buffer.subarray(0, Math.min(length, end - position)), position);
      if (got === 0) return;
      yield buffer.subarray(0, got);
      position += got;
    }
  }
}
