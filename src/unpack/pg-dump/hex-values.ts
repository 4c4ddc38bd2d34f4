import { FileSource, type Scratch, type ScratchFile } from '../../bytes/index.ts';
import { inWords } from '../../domain/index.ts';
import type { FormatSink } from '../format.ts';
import { sinkThrough } from './sink-through.ts';

/** Values of this size and more are handed on; a container that does any harm is not smaller. */
const LEAST_BYTES = 64;
/** Decoded bytes that wait in memory before they are written. */
const WAITING_BYTES = 256 * 1024;
/** Values of one table that are handed on; what is beyond is a gap. 16 MB of places. */
const MAX_VALUES = 1_000_000;
const BACKSLASH = 0x5c;
const X = 0x78;

/** 1 where a byte is a hexadecimal digit. */
const IS_DIGIT = new Uint8Array(256);
for (const digit of Buffer.from('0123456789abcdefABCDEF')) IS_DIGIT[digit] = 1;

/**
 * What stands in the text of a table as hexadecimal digits (`\\x4d5a…`, the output format of bytea:
 * https://www.postgresql.org/docs/current/datatype-binary.html), where no engine sees it. It is decoded to a scratch
 * file while the text goes by, and handed on behind it. Memory: 256 KiB and the places of the values.
 */
export class HexValues {
  readonly #scratch: Scratch;
  #file: ScratchFile | null = null;
  /** Where each value ends in the file; it begins where the one before it ends. */
  readonly #ends: number[] = [];
  /** Bytes in the file. */
  #written = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Bytes of the value that goes by; null: none does. */
  #size: number | null = null;
  /** A digit that waits for its second half. */
  #half = '';
  #afterBackslash = false;
  #trouble: string | null = null;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  /** The same sink; what goes to it is looked through on its way. */
  tap(sink: FormatSink): FormatSink {
    return sinkThrough(sink, (member) => sink.member({ ...member, content: this.#past(member.content) }));
  }

  /** Hands on what was found; `name` of the table. */
  async handOn(name: string, sink: FormatSink): Promise<void> {
    if (this.#waitingBytes > 0) await this.#write();
    if (this.#file !== null) {
      const source = new FileSource(this.#file.handle, this.#written);
      let start = 0;
      for (const [index, end] of this.#ends.entries()) {
        const content = source.stream(start, end);
        await sink.member({ name: `${name} value ${index + 1}`, size: end - start, content });
        start = end;
      }
    }
    if (this.#trouble !== null) sink.gap('budget_exceeded', this.#trouble, { member: name });
  }

  async close(): Promise<void> {
    await this.#file?.remove();
  }

  async *#past(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of chunks) {
      if (this.#trouble === null) await this.#look(chunk);
      yield chunk;
    }
    if (this.#trouble === null) await this.#end();
  }

  async #look(chunk: Buffer): Promise<void> {
    let at = 0;
    if (this.#size === null && this.#afterBackslash && chunk[0] === X) {
      this.#size = 0;
      at = 1;
    }
    this.#afterBackslash = chunk.at(-1) === BACKSLASH;
    for (;;) {
      if (this.#size === null) {
        const start = chunk.indexOf('\\x', at, 'latin1');
        if (start < 0) return;
        at = start + 2;
        this.#size = 0;
      }
      let end = at;
      while (end < chunk.length && IS_DIGIT[chunk[end] ?? 0] === 1) end++;
      await this.#take(chunk.toString('latin1', at, end));
      if (end === chunk.length) return;
      await this.#end();
      at = end;
    }
  }

  async #take(digits: string): Promise<void> {
    const all = this.#half + digits;
    this.#half = all.length % 2 === 0 ? '' : all.slice(-1);
    const bytes = Buffer.from(this.#half === '' ? all : all.slice(0, -1), 'hex');
    this.#size = (this.#size ?? 0) + bytes.length;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    // What may turn out too short to be handed on is not written yet.
    if (this.#size >= LEAST_BYTES && this.#waitingBytes >= WAITING_BYTES) await this.#write();
  }

  /** The value is over: it counts, or what waits of it is forgotten. */
  async #end(): Promise<void> {
    const size = this.#size ?? 0;
    this.#size = null;
    this.#half = '';
    if (size < LEAST_BYTES) this.#forget(size);
    else if (this.#ends.length >= MAX_VALUES) this.#trouble = `more than ${MAX_VALUES} binary values`;
    else this.#ends.push(this.#written + this.#waitingBytes);
    if (this.#waitingBytes >= WAITING_BYTES) await this.#write();
  }

  #forget(size: number): void {
    for (let left = size; left > 0;) {
      const last = this.#waiting.pop();
      if (last === undefined) return;
      left -= last.length;
      this.#waitingBytes -= last.length;
    }
  }

  /** A full disk ends the decoding, not the text that goes by. */
  async #write(): Promise<void> {
    try {
      const bytes = Buffer.concat(this.#waiting);
      if ((await this.#scratch.freeBytes()) < bytes.length) throw new Error('no room in the scratch folder');
      this.#file ??= await this.#scratch.file();
      for (let from = 0; from < bytes.length;) {
        const { bytesWritten } = await this.#file.handle.write(bytes, from, bytes.length - from);
        from += bytesWritten;
      }
      this.#written += bytes.length;
    } catch (error) {
      this.#trouble = `binary values were not decoded: ${inWords(error)}`;
      while ((this.#ends.at(-1) ?? 0) > this.#written) this.#ends.pop();
    }
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
