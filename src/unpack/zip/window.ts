import type { ByteSource } from '../../bytes/index.ts';

/** Read at least, in bytes: small members lie close together. */
const AHEAD_BYTES = 128 * 1024;

/** Reads small pieces that lie near each other without a system call for each. */
export class Window {
  readonly #source: ByteSource;
  readonly #buffer: Buffer;
  #from = 0;
  #length = 0;

  /** `bytes`: the memory it keeps; a larger piece is read into a buffer of its own. */
  constructor(source: ByteSource, bytes: number) {
    this.#source = source;
    this.#buffer = source.bytes === null ? Buffer.allocUnsafeSlow(bytes) : Buffer.alloc(0);
  }

  /** The bytes of [position, position + length); shorter only at the end. Valid until the next call. */
  async at(position: number, length: number): Promise<Buffer> {
    if (position < 0) return Buffer.alloc(0);
    const { bytes } = this.#source;
    if (bytes !== null) return bytes.subarray(position, position + length);
    const offset = position - this.#from;
    if (offset >= 0 && offset + length <= this.#length) return this.#buffer.subarray(offset, offset + length);
    if (length > this.#buffer.length) {
      const large = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.#source.size - position)));
      return large.subarray(0, await this.#source.readAt(large, position));
    }
    this.#length = 0;
    const got = await this.#source.readAt(this.#buffer.subarray(0, Math.max(length, AHEAD_BYTES)), position);
    this.#from = position;
    this.#length = got;
    return this.#buffer.subarray(0, Math.min(length, got));
  }

  /** Whether the four bytes at `position` are this signature. */
  async has(signature: number, position: number): Promise<boolean> {
    const bytes = await this.at(position, 4);
    return bytes.length === 4 && bytes.readUInt32LE(0) === signature;
  }
}
