/** Bits of a buffer, the lowest of each byte first. Behind the end there are zeros. */
export class Bits {
  readonly #bytes: Uint8Array;
  readonly #bitLength: number;
  /** In bits. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#bitLength = bytes.length * 8;
  }

  /** More was taken than there is. */
  get isBeyond(): boolean {
    return this.position > this.#bitLength;
  }

  /** The next 24 bits or more, without taking them. */
  peek(): number {
    const at = this.position >> 3;
    const bytes = this.#bytes;
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    return word >>> (this.position & 7);
  }

  /** A number of up to 24 bits. */
  take(bits: number): number {
    const value = this.peek() & ((1 << bits) - 1);
    this.position += bits;
    return value;
  }
}
