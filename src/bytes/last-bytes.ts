/** The last `length` bytes of a stream, in at most twice that memory. */
export class LastBytes {
  readonly #length: number;
  readonly #buffer: Buffer;
  #filled = 0;

  constructor(length: number) {
    this.#length = length;
    this.#buffer = Buffer.allocUnsafeSlow(2 * length);
  }

  push(chunk: Buffer): void {
    const end = chunk.subarray(-this.#length);
    if (this.#filled + end.length > this.#buffer.length) {
      const kept = this.#length - end.length;
      this.#buffer.copyWithin(0, this.#filled - kept, this.#filled);
      this.#filled = kept;
    }
    this.#filled += end.copy(this.#buffer, this.#filled);
  }

  /** Valid until the next `push`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(Math.max(0, this.#filled - this.#length), this.#filled);
  }
}
