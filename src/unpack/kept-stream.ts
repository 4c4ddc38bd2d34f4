/** More than a decoder reads ahead: its buffers, the ring before it and the chunk under way are 3 MiB at most. */
const KEPT_BYTES = 4 * 1024 * 1024;

/**
 * A stream that remembers the last bytes it gave: a decoder that reads ahead stops somewhere behind the end of its
 * data. Copies are kept, 4 MiB at most.
 */
export class KeptStream {
  readonly #chunks: AsyncIterator<Buffer>;
  #kept: Buffer[] = [];
  #length = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** For the decoder. Leaving it early ends nothing. */
  ahead(): AsyncIterable<Buffer> {
    const next = async (): Promise<IteratorResult<Buffer, void>> => {
      const step = await this.#chunks.next();
      if (step.done === true) return { done: true, value: undefined };
      this.#kept.push(Buffer.from(step.value));
      this.#length += step.value.length;
      for (let first = this.#kept[0]; first !== undefined && this.#length - first.length >= KEPT_BYTES;) {
        this.#kept.shift();
        this.#length -= first.length;
        first = this.#kept[0];
      }
      return step;
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  /** The last bytes that were given, in one piece. */
  last(): Buffer {
    const whole = Buffer.concat(this.#kept);
    this.#kept = [whole];
    return whole;
  }

  /** The last `count` bytes that were given, and all that follow. */
  async *from(count: number): AsyncGenerator<Buffer, void, undefined> {
    const last = this.last();
    if (count > 0) yield last.subarray(last.length - count);
    for (let step = await this.#chunks.next(); step.done !== true; step = await this.#chunks.next())
      yield step.value;
  }
}
