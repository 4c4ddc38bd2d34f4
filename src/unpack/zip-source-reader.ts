import { Readable } from 'node:stream';
import { RandomAccessReader } from 'yauzl';
import type { ByteSource } from '../bytes/index.ts';

const WINDOW_BYTES = 64 * 1024;

/** Our bytes as yauzl reads them. It only reads the directory and headers through here; members are decoded by us. */
export class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  /** The directory is read in pieces of 46 bytes and less: they are taken from here. */
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #windowAt = 0;
  #windowLength = 0;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#source.stream(start, end));
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const answer = async (): Promise<void> => {
      callback(await this.#fill(buffer.subarray(offset, offset + length), position));
    };
    void answer();
  }

  async #fill(target: Buffer, position: number): Promise<Error | null> {
    try {
      const got = await this.#readAt(target, position);
      return got < target.length ? new Error('unexpected end of the archive') : null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #readAt(target: Buffer, position: number): Promise<number> {
    if (target.length > WINDOW_BYTES) return this.#source.readAt(target, position);
    const end = position + target.length;
    if (position < this.#windowAt || end > this.#windowAt + this.#windowLength) {
      this.#windowLength = 0;
      const got = await this.#source.readAt(this.#window, position);
      this.#windowAt = position;
      this.#windowLength = got;
    }
    return this.#window.copy(
      target,
      0,
      position - this.#windowAt,
      Math.min(end - this.#windowAt, this.#windowLength),
    );
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
