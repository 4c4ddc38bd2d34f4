import type { ByteSource } from '../bytes/index.ts';

const WINDOW_BYTES = 1024 * 1024;
/** What is left of the window is enough when it is this long: it is not read again for each thing found in it. */
const MIN_AHEAD = 4096;

/** A stretch of the file at a time, as large as was asked for: the one buffer that is looked through. */
export class Window {
  readonly #source: ByteSource;
  #buffer: Buffer = Buffer.alloc(0);
  #base = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.size;
  }

  /** As `slice`, without waiting; null when the bytes are not at hand. */
  atHand(at: number, length: number): Buffer | null {
    const whole = this.#source.bytes;
    if (whole !== null) return whole.subarray(at, at + length);
    const wanted = Math.max(0, Math.min(length, this.size - at));
    if (at < this.#base || at + wanted > this.#base + this.#buffer.length) return null;
    return this.#buffer.subarray(at - this.#base, at - this.#base + wanted);
  }

  /** What comes from `at` on, as much as is at hand: 4 KiB at least, fewer only at the end. Valid until the next call. */
  async ahead(at: number): Promise<Buffer> {
    if (this.#source.bytes !== null) return this.#source.bytes.subarray(at, at + WINDOW_BYTES);
    const left = this.#base + this.#buffer.length - at;
    const enough = left >= MIN_AHEAD || this.#base + this.#buffer.length >= this.size;
    if (at >= this.#base && left > 0 && enough) return this.#buffer.subarray(at - this.#base);
    return this.slice(at, WINDOW_BYTES);
  }

  /** The bytes of [at, at + length), fewer at the end; valid until the next call. */
  async slice(at: number, length: number): Promise<Buffer> {
    const atHand = this.atHand(at, length);
    if (atHand !== null) return atHand;
    const wanted = Math.max(0, Math.min(length, this.size - at));
    const buffer = Buffer.allocUnsafeSlow(
      Math.min(Math.max(WINDOW_BYTES, wanted), Math.max(0, this.size - at)),
    );
    const got = await this.#source.readAt(buffer, at);
    this.#buffer = buffer.subarray(0, got);
    this.#base = at;
    return this.#buffer.subarray(at - this.#base, at - this.#base + wanted);
  }
}
