import type { ByteReader } from '../byte-reader.ts';
import { Damaged, OverBudget } from '../trouble.ts';

/** RPM's headers (rpm.org, "RPM V4 Package format"): mark, version, four bytes of nothing, two counts. */
const MARK = Buffer.from([0x8e, 0xad, 0xe8, 1]);
const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
/** Of one header, which is held in memory. RPM itself takes up to 256 MiB; large packages have 20. */
const MAX_BYTES = 64 * 1024 * 1024;
const TYPE = { int32: 4, int64: 5, string: 6, strings: 8, translated: 9 } as const;

/** A header, read into memory. Every value is a view into it. */
export class RpmHeader {
  /** All of it, as stored. */
  readonly bytes: Buffer;
  readonly #count: number;
  readonly #store: Buffer;

  /** Reads one header. Throws Damaged, OverBudget. */
  static async read(reader: ByteReader): Promise<RpmHeader> {
    const intro = Buffer.from(await reader.peek(INTRO_BYTES));
    if (intro.length < INTRO_BYTES || !intro.subarray(0, 4).equals(MARK))
      throw new Damaged('no header of RPM');
    const count = intro.readUInt32BE(8);
    const size = INTRO_BYTES + count * ENTRY_BYTES + intro.readUInt32BE(12);
    if (size > MAX_BYTES) throw new OverBudget(`a header of ${size} bytes, where ${MAX_BYTES} may be`);
    const bytes = await reader.exactly(size);
    if (bytes.length < size) throw new Damaged('cut off in a header');
    return new RpmHeader(bytes, count);
  }

  private constructor(bytes: Buffer, count: number) {
    this.bytes = bytes;
    this.#count = count;
    this.#store = bytes.subarray(INTRO_BYTES + count * ENTRY_BYTES);
  }

  /** The strings of every entry with this tag, without their closing NUL. */
  *strings(tag: number): Generator<Buffer, void, undefined> {
    for (const entry of this.#entries(tag)) {
      const many = entry.type === TYPE.strings || entry.type === TYPE.translated;
      if (!many && entry.type !== TYPE.string) continue;
      let at = entry.offset;
      for (let i = 0; i < (many ? entry.count : 1) && at < this.#store.length; i++) {
        const end = this.#store.indexOf(0, at);
        yield this.#store.subarray(at, end < 0 ? this.#store.length : end);
        if (end < 0) break;
        at = end + 1;
      }
    }
  }

  /** The first number with this tag; null when there is none. */
  number(tag: number): number | null {
    for (const { type, offset } of this.#entries(tag)) {
      if (type === TYPE.int32 && offset + 4 <= this.#store.length) return this.#store.readUInt32BE(offset);
      if (type === TYPE.int64 && offset + 8 <= this.#store.length)
        return Number(this.#store.readBigUInt64BE(offset));
    }
    return null;
  }

  *#entries(tag: number): Generator<{ type: number; offset: number; count: number }, void, undefined> {
    for (let i = 0; i < this.#count; i++) {
      const at = INTRO_BYTES + i * ENTRY_BYTES;
      if (this.bytes.readUInt32BE(at) !== tag) continue;
      yield {
        type: this.bytes.readUInt32BE(at + 4),
        offset: this.bytes.readUInt32BE(at + 8),
        count: this.bytes.readUInt32BE(at + 12),
      };
    }
  }
}
