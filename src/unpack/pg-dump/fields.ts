import type { ByteReader } from '../byte-reader.ts';
import { Damaged, OverBudget } from '../trouble.ts';

/** The longest text that is read into memory: a definition of that size is no longer one that people write. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const MAX_INT = 2 ** 31 - 1;

/** The fields of an archive in order: pg_backup_archiver.c, ReadInt and ReadStr. Throws Damaged at a cut. */
export class Fields {
  readonly #reader: ByteReader;
  /** Bytes of an integer without its sign; set once the head says it. */
  intSize = 4;
  offsetSize = 8;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  async bytes(count: number): Promise<Buffer> {
    const bytes = await this.#reader.exactly(count);
    if (bytes.length < count) throw new Damaged('cut off in the table of contents');
    return bytes;
  }

  async byte(): Promise<number> {
    return (await this.bytes(1)).readUInt8(0);
  }

  /** A sign and the magnitude, lowest byte first. */
  async int(): Promise<number> {
    return intOf(await this.bytes(1 + this.intSize));
  }

  /** null: there is none, which is not the same as an empty one. Throws OverBudget. */
  async string(): Promise<Buffer | null> {
    const length = await this.int();
    if (length < 0) return null;
    if (length > MAX_TEXT_BYTES) {
      throw new OverBudget(`a text of ${length} bytes; at most ${MAX_TEXT_BYTES} are read into memory`);
    }
    return this.bytes(length);
  }

  async skipStrings(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.string();
  }

  /** Where an entry's data lies, counted from the archive's first byte; null: not known. */
  async offset(): Promise<{ readonly state: number; readonly position: number }> {
    const state = await this.byte();
    const bytes = await this.bytes(this.offsetSize);
    let position = 0;
    for (let i = bytes.length - 1; i >= 0; i--) position = position * 256 + (bytes[i] ?? 0);
    return { state, position };
  }
}

/** An integer as stored: a sign byte, then the magnitude. Throws Damaged beyond 32 bits. */
export function intOf(bytes: Buffer): number {
  let value = 0;
  for (let i = bytes.length - 1; i >= 1; i--) value = value * 256 + (bytes[i] ?? 0);
  if (value > MAX_INT) throw new Damaged('a number beyond 32 bits in the table of contents');
  return bytes[0] === 0 ? value : -value;
}
