import type { ByteReader } from './byte-reader.ts';

const HEADER_BYTES = 12;
const FOOTER_BYTES = 12;
const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
/** Bytes of the check after each block, by its type (The .xz File Format 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/**
 * The bytes of the .xz streams at the reader's place and of the padding between them, and no more: the sizes in LZMA2's
 * chunk headers lead from one end to the next, nothing is decoded. Where the structure makes no sense everything that is
 * left is handed out: the decoder will say so. Source: The .xz File Format 1.2.1, 2 to 5; LZMA2 as in xz, lzma2_decoder.c.
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

/** A hostile stream has chunks of four bytes; they cross to the 7-Zip thread in pieces of this size. */
const PIECE_BYTES = 64 * 1024;

async function* gathered(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  for await (const part of parts) {
    for (let from = 0; from < part.length;) {
      const count = part.copy(piece, filled, from);
      filled += count;
      from += count;
      if (filled < piece.length) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

type Pieces<Result> = AsyncGenerator<Buffer, Result, undefined>;

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
      if (!(yield* this.#pass((size + 1) * 4)) || !(yield* this.#chunks(checkBytes))) return false;
    }
    return (yield* this.#index()) && (yield* this.#pass(FOOTER_BYTES));
  }

  /** The LZMA2 chunks of one block, the padding to four bytes and the check. */
  async *#chunks(checkBytes: number): Pieces<boolean> {
    for (let passed = 0; ;) {
      const head = await this.#reader.peek(6);
      const control = head[0] ?? 0xff;
      if (control === 0) {
        passed++;
        return yield* this.#pass(1 + ((4 - (passed % 4)) % 4) + checkBytes);
      }
      const compressed = control >= 0x80;
      if (head.length < 6 || (!compressed && control > 2)) return false;
      const size = compressed
        ? (control >= 0xc0 ? 6 : 5) + head.readUInt16BE(3) + 1
        : 3 + head.readUInt16BE(1) + 1;
      if (!(yield* this.#pass(size))) return false;
      passed += size;
    }
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

  async *#pass(count: number): Pieces<boolean> {
    for (let left = count; left > 0;) {
      const part = await this.#reader.next(left);
      if (part === null) return false;
      left -= part.length;
      yield part;
    }
    return true;
  }
}
