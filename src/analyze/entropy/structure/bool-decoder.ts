/** Binary arithmetic decoding of VP8 (RFC 6386, 7.3) over the bytes [start, end) of a buffer. Behind the end there are zeros. */
export class BoolDecoder {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  #at: number;
  #value = 0;
  #range = 255;
  /** Bits of `#value` beyond the eight that are compared; below 0, another byte is due. */
  #bits = -8;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#at = start;
    this.#end = end;
  }

  /** How many bytes were asked for beyond the end (at least 1), or are left before it (at most 0). */
  get beyond(): number {
    return this.#at - this.#end;
  }

  get taken(): number {
    return this.#at - this.#start;
  }

  /** The next decision; `probability` of 0, in 256ths. */
  bool(probability: number): number {
    if (this.#bits < 0) {
      this.#value = (this.#value << 8) | (this.#at < this.#end ? (this.#bytes[this.#at] ?? 0) : 0);
      this.#at++;
      this.#bits += 8;
    }
    const split = 1 + (((this.#range - 1) * probability) >> 8);
    const scaled = split << this.#bits;
    const bit = this.#value >= scaled ? 1 : 0;
    if (bit === 1) {
      this.#range -= split;
      this.#value -= scaled;
    } else this.#range = split;
    if (this.#range < 128) {
      const shift = Math.clz32(this.#range) - 24;
      this.#range <<= shift;
      this.#bits -= shift;
    }
    return bit;
  }

  /** A number of so many bits, the highest first (7.3, read_literal). */
  literal(bits: number): number {
    let value = 0;
    for (let left = bits; left > 0; left--) value = (value << 1) | this.bool(128);
    return value;
  }

  flag(): boolean {
    return this.bool(128) === 1;
  }
}
