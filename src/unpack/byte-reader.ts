const EMPTY = Buffer.alloc(0);
/** Comparing is a hundred times faster than looking at each byte; as long as the chunks of a file. */
const ZEROS = Buffer.alloc(256 * 1024);

/** Where a look ahead reaches into the next chunk, so much of that is copied, or as much as was asked for: not all of it. */
const JOINED_BYTES = 64 * 1024;

/**
 * Reads a stream of chunks by numbers of bytes. What `next` returns is valid until the next call; what `peek`
 * and `exactly` return is a copy, so only small things are asked of them.
 */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Set while `#chunk` is a copy of what was left and of the beginning of this one, which begins `at` there. */
  #joined: { readonly chunk: Buffer; readonly at: number } | null = null;
  #ended = false;
  /** Bytes handed out so far. */
  position = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, at most `max`; null at the end. */
  async next(max = Infinity): Promise<Buffer | null> {
    this.#leaveJoined();
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
    this.#leaveJoined();
    while (this.#chunk.length - this.#at < count && (await this.#join(count)));
    return this.#chunk.subarray(this.#at, this.#at + count);
  }

  /** Puts what is left and the beginning of what follows into one buffer; false at the end. */
  async #join(count: number): Promise<boolean> {
    let kept = this.#chunk.subarray(this.#at, this.#joined?.at);
    let following = this.#joined?.chunk ?? EMPTY;
    if (kept.length + following.length <= this.#chunk.length - this.#at) {
      // All of it is there already. A copy: the chunk is another's once the next is asked for.
      kept = Buffer.from(this.#chunk.subarray(this.#at));
      this.#joined = null;
      if (!(await this.#advance())) {
        this.#chunk = kept;
        this.#at = 0;
        return false;
      }
      if (kept.length === 0) return true;
      following = this.#chunk;
    }
    this.#joined = { chunk: following, at: kept.length };
    const more = Math.max(count, JOINED_BYTES) - kept.length;
    this.#chunk = Buffer.concat([kept, following.subarray(0, more)]);
    this.#at = 0;
    return true;
  }

  /** Goes on in the chunk itself once what stood before it was handed out. */
  #leaveJoined(): void {
    if (this.#joined === null || this.#at < this.#joined.at) return;
    this.#at -= this.#joined.at;
    this.#chunk = this.#joined.chunk;
    this.#joined = null;
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
