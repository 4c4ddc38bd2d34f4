import type { ByteReader } from '../byte-reader.ts';
import type { FormatSink } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { decodeLzf } from './lzf.ts';

/** Smaller strings hold nothing that does harm, and are in sight of every engine unless they are packed. */
const LEAST_BYTES = 64;
/** In memory at a time: a packed string is decoded as a whole. */
const MAX_PACKED_BYTES = 32 * 1024 * 1024;
export const PACKED_MIB = MAX_PACKED_BYTES / 1024 / 1024;
/** A match of 264 bytes takes three. */
const MAX_RATIO = 88;
const MAX_NAME_BYTES = 1024;

/** How a length is written: the upper two bits of its first byte (rdb.h). */
const IN = { six: 0, fourteen: 1, more: 2 } as const;
const OF_32_BITS = 0x80;
const OF_64_BITS = 0x81;
/** Strings that are no row of bytes: the lower bits say what. */
const AS_NUMBER: Readonly<Record<number, number>> = { 0: 1, 1: 2, 2: 4 };
const LZF = 3;

interface Length {
  readonly value: number;
  /** Not null: `value` is nothing, and this says how the string is written. */
  readonly coding: number | null;
}

/** Reads the fields of a Redis dump one after the other; what is cut off throws Damaged. */
export class RdbFields {
  readonly #reader: ByteReader;
  readonly #sink: FormatSink;

  constructor(reader: ByteReader, sink: FormatSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  async byte(): Promise<number> {
    return (await this.#bytes(1)).readUInt8(0);
  }

  async skip(count: number): Promise<void> {
    if ((await this.#reader.skip(count)) < count) throw cutOff();
  }

  async length(): Promise<number> {
    const { value, coding } = await this.#length();
    if (coding !== null) throw new Damaged('a string, where a length should be');
    return value;
  }

  /** A string that may hold something is a member of this name. */
  async string(name: string): Promise<void> {
    const { value, coding } = await this.#length();
    if (coding === LZF) await this.#packed(name);
    else if (coding !== null) await this.#number(coding);
    else if (value < LEAST_BYTES) await this.skip(value);
    else await this.#member(name, value);
  }

  /** A key, of which 1 KiB is its name. One that is longer, or packed, is a member of the name `other`. */
  async key(other: string): Promise<string> {
    const { value, coding } = await this.#length();
    if (coding === LZF) {
      const content = await this.#unpacked(other);
      if (content === null) return other;
      if (content.length >= LEAST_BYTES) await this.#sink.member(whole(other, content));
      return content.toString('latin1', 0, MAX_NAME_BYTES);
    }
    if (coding !== null) return `(number ${(await this.#number(coding)).toString('hex')})`;
    if (value <= MAX_NAME_BYTES) return (await this.#bytes(value)).toString('latin1');
    await this.#member(other, value);
    return other;
  }

  async #length(): Promise<Length> {
    const first = await this.byte();
    const kind = first >> 6;
    if (kind === IN.six) return { value: first & 63, coding: null };
    if (kind === IN.fourteen) return { value: ((first & 63) << 8) + (await this.byte()), coding: null };
    if (kind > IN.more) return { value: 0, coding: first & 63 };
    if (first === OF_32_BITS) return { value: (await this.#bytes(4)).readUInt32BE(0), coding: null };
    if (first !== OF_64_BITS) throw new Damaged('a length of a kind that there is not');
    return { value: Number((await this.#bytes(8)).readBigUInt64BE(0)), coding: null };
  }

  async #number(coding: number): Promise<Buffer> {
    const bytes = AS_NUMBER[coding];
    if (bytes === undefined) throw new Damaged('a string of a kind that there is not');
    return this.#bytes(bytes);
  }

  async #packed(name: string): Promise<void> {
    const content = await this.#unpacked(name);
    if (content !== null && content.length >= LEAST_BYTES) await this.#sink.member(whole(name, content));
  }

  /** null: it was too large, and is a gap. */
  async #unpacked(name: string): Promise<Buffer | null> {
    const packed = await this.length();
    const size = await this.length();
    if (size > packed * MAX_RATIO) throw new Damaged('a string that says that it holds more than it can');
    if (Math.max(packed, size) > MAX_PACKED_BYTES) {
      const detail = `${size} bytes, packed: at most ${MAX_PACKED_BYTES} are decoded`;
      this.#sink.gap('budget_exceeded', detail, { member: name, bytes: size });
      await this.skip(packed);
      return null;
    }
    return decodeLzf(await this.#bytes(packed), size);
  }

  async #member(name: string, size: number): Promise<void> {
    const end = this.#reader.position + size;
    await this.#sink.member({ name, size, content: stretch(this.#reader, size) });
    await this.skip(end - this.#reader.position);
  }

  async #bytes(count: number): Promise<Buffer> {
    const bytes = await this.#reader.exactly(count);
    if (bytes.length < count) throw cutOff();
    return bytes;
  }
}

function whole(name: string, content: Buffer): Parameters<FormatSink['member']>[0] {
  return { name, size: content.length, content: once(content) };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

async function* stretch(reader: ByteReader, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = size; left > 0;) {
    const chunk = await reader.next(left);
    if (chunk === null) throw cutOff();
    left -= chunk.length;
    yield chunk;
  }
}

function cutOff(): Damaged {
  return new Damaged('cut off in the middle of a value');
}
