import type { ByteReader } from './byte-reader.ts';
import { gathered, lzma2Chunks, passed, type Pieces } from './lzma2.ts';

const HEADER_BYTES = 12;
const FOOTER_BYTES = 12;
const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
/** Bytes of the check after each block, by its type (The .xz File Format 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/**
 * The bytes of the .xz streams at the reader's place and of the padding between them, and no more: the sizes in LZMA2's
 * chunk headers lead from one end to the next, nothing is decoded. Where the structure makes no sense everything that is
 * left is handed out: the decoder will say so. Source: The .xz File Format 1.2.1, 2 to 5.
 */
export function xzStreams(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  return gathered(walked(reader));
}

async function* walked(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const walk = new Walk(reader);
  for (;;) {
    const whole = yield* walk.stream();
    if (!whole) {
      yield* reader.rest();
      return;
    }
    if (!(await reader.skipZeros()) || !(await reader.peek(MAGIC.length)).equals(MAGIC)) return;
  }
}

/** Each part hands out its bytes as it passes over them; false: this is no such part, or it is cut off. */
class Walk {
  readonly #reader: ByteReader;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  async *stream(): Pieces<boolean> {
    const header = await this.#reader.peek(HEADER_BYTES);
    if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return false;
    const checkBytes = CHECK_BYTES[header.readUInt8(7) & 0x0f] ?? 0;
    if (!(yield* this.#pass(HEADER_BYTES))) return false;
    for (;;) {
      const size = (await this.#reader.peek(1))[0];
      if (size === undefined) return false;
      if (size === 0) break;
      if (!(yield* this.#pass((size + 1) * 4)) || !(yield* this.#block(checkBytes))) return false;
    }
    return (yield* this.#index()) && (yield* this.#pass(FOOTER_BYTES));
  }

  /** The LZMA2 chunks of one block, the padding to four bytes and the check. */
  async *#block(checkBytes: number): Pieces<boolean> {
    const sizes = yield* lzma2Chunks(this.#reader);
    return sizes !== null && (yield* this.#pass(((4 - (sizes.packed % 4)) % 4) + checkBytes));
  }

  /** Indicator, number of records, two numbers for each, padding, CRC-32. */
  async *#index(): Pieces<boolean> {
    const from = this.#reader.position;
    if (!(yield* this.#pass(1))) return false;
    const records = yield* this.#number();
    if (records === null) return false;
    for (let left = records * 2; left > 0; left--) if ((yield* this.#number()) === null) return false;
    const bytes = this.#reader.position - from;
    return yield* this.#pass(((4 - (bytes % 4)) % 4) + 4);
  }

  /** Seven bits a byte, the lowest first, at most nine bytes. */
  async *#number(): Pieces<number | null> {
    const bytes = await this.#reader.peek(9);
    let value = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes.readUInt8(at);
      value += (byte & 0x7f) * 2 ** (7 * at);
      if (byte < 0x80) return (yield* this.#pass(at + 1)) ? value : null;
    }
    return null;
  }

  #pass(count: number): Pieces<boolean> {
    return passed(this.#reader, count);
  }
}
