const EMPTY = Buffer.alloc(0);
/** Comparing is a hundred times faster than looking at each byte; as long as the chunks of a file. */
const ZEROS = Buffer.alloc(256 * 1024);

/**
 * Reads a stream of chunks by numbers of bytes. What `next` returns is valid until the next call; what `peek`
 * and `exactly` return is a copy, so only small things are asked of them.
 */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #ended = false;
  /** Bytes handed out so far. */
  position = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, at most `max`; null at the end. */
  async next(max = Infinity): Promise<Buffer | null> {
    while (this.#at === this.#chunk.length) {
      if (!(await this.#advance())) return null;
    }
    const end = Math.min(this.#chunk.length, this.#at + max);
    const bytes = this.#chunk.subarray(this.#at, end);
    this.position += end - this.#at;
    this.#at = end;
    return bytes;
  }

  /** Puts back the last `count` bytes of what `next` returned last. */
  giveBack(count: number): void {
    this.#at -= count;
    this.position -= count;
  }

  /** Looks ahead; shorter than `count` only at the end. */
  async peek(count: number): Promise<Buffer> {
    while (this.#chunk.length - this.#at < count && !this.#ended) {
      const kept = Buffer.from(this.#chunk.subarray(this.#at));
      if (await this.#advance()) {
        if (kept.length > 0) this.#chunk = Buffer.concat([kept, this.#chunk]);
      } else this.#chunk = kept;
      this.#at = 0;
    }
    return this.#chunk.subarray(this.#at, this.#at + count);
  }

  /** A copy of the next `count` bytes; shorter only at the end. */
  async exactly(count: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count) {
      const part = await this.next(count - filled);
      if (part === null) break;
      part.copy(bytes, filled);
      filled += part.length;
    }
    return bytes.subarray(0, filled);
  }

  /** Passes over `count` bytes; returns how many there were. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count) {
      const part = await this.next(count - skipped);
      if (part === null) break;
      skipped += part.length;
    }
    return skipped;
  }

  /** Passes over zero bytes; true when something else follows. */
  async skipZeros(): Promise<boolean> {
    for (;;) {
      const part = await this.next();
      if (part === null) return false;
      if (part.length <= ZEROS.length && part.equals(ZEROS.subarray(0, part.length))) continue;
      const at = part.findIndex((byte) => byte !== 0);
      if (at >= 0) {
        this.giveBack(part.length - at);
        return true;
      }
    }
  }

  /** Everything that is left. */
  async *rest(): AsyncGenerator<Buffer, void, undefined> {
    for (let part = await this.next(); part !== null; part = await this.next()) yield part;
  }

  async #advance(): Promise<boolean> {
    if (this.#ended) return false;
    const step = await this.#chunks.next();
    if (step.done === true) {
      this.#ended = true;
      return false;
    }
    this.#chunk = step.value;
    this.#at = 0;
    return true;
  }
}
