const FIRST_ALLOCATION = 16 * 1024;

/** A copy of the bytes that could not be sent yet, up to a limit; or no copy, where somebody else holds all of them. */
export class HeldBytes {
  /** `whole` is what will be added, piece by piece, and stays as it is as long as this is used. */
  static of(whole: Buffer): HeldBytes {
    const held = new HeldBytes(whole.length, 0);
    held.#buffer = whole;
    held.#isCopy = false;
    return held;
  }

  readonly #limit: number;
  #buffer: Buffer;
  #start = 0;
  #end = 0;
  #isCopy = true;

  /** `expected` saves growing where the size is known; it may be wrong. Both in bytes. */
  constructor(limit: number, expected: number | null) {
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafe(Math.max(0, Math.min(limit, expected ?? FIRST_ALLOCATION)));
  }

  /** A view, valid until the next `add`, `takeFirst` or `replace`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** False, and nothing is kept, when there is no room for all of it. */
  add(chunk: Buffer): boolean {
    const end = this.#end + chunk.length;
    if (end > this.#limit) return false;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(end, this.#buffer.length * 2)));
      this.#buffer.copy(larger, 0, 0, this.#end);
      this.#buffer = larger;
    }
    if (this.#isCopy) chunk.copy(this.#buffer, this.#end);
    this.#end = end;
    return true;
  }

  /** The first byte, no longer held; empty when nothing is. */
  takeFirst(): Buffer {
    const first = Buffer.from(this.bytes.subarray(0, 1));
    this.#start += first.length;
    return first;
  }

  /** Holds a copy of `chunk` (at most the limit) and nothing else. */
  replace(chunk: Buffer): void {
    this.#start = 0;
    this.#end = 0;
    this.add(chunk);
  }
}
