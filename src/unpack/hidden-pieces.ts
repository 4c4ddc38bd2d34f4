import type { ByteReader } from './byte-reader.ts';
import type { FormatSink } from './format.ts';

/** Kept of one stream, in bytes. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** A figure, a time, a name: what is shorter than this holds nothing to be examined. */
const PLAIN_BYTES = 64;

/**
 * What a compressed stream carries beside its content, where no decoder looks: comments, extra fields, frames to be
 * passed over. Kept in memory until the stream's end, as one member is under way until then.
 */
export class HiddenPieces {
  readonly #pieces: { readonly name: string; readonly bytes: Buffer }[] = [];
  #kept = 0;
  #passed = 0;

  /** Takes the next `size` bytes; false when there were fewer. */
  async take(reader: ByteReader, size: number, name: string, plain = PLAIN_BYTES): Promise<boolean> {
    if (this.#kept + size > KEPT_BYTES) {
      this.#passed += size;
      return (await reader.skip(size)) === size;
    }
    const bytes = await reader.exactly(size);
    if (size > plain) this.#keep(name, bytes);
    return bytes.length === size;
  }

  /** Takes what stands before the next zero byte, of any length; false when there is none. */
  async takeText(reader: ByteReader, name: string, plain = PLAIN_BYTES): Promise<boolean> {
    const parts: Buffer[] = [];
    let length = 0;
    for (let part = await reader.next(); part !== null; part = await reader.next()) {
      const at = part.indexOf(0);
      const text = at < 0 ? part : part.subarray(0, at);
      if (this.#kept + length + text.length <= KEPT_BYTES) {
        parts.push(Buffer.from(text));
        length += text.length;
      } else this.#passed += text.length;
      if (at < 0) continue;
      reader.giveBack(part.length - at - 1);
      if (length > plain) this.#keep(name, Buffer.concat(parts));
      return true;
    }
    return false;
  }

  /** Every piece becomes a member; what was not kept is a gap. */
  async handOn(sink: FormatSink): Promise<void> {
    for (const { name, bytes } of this.#pieces)
      await sink.member({ name, size: bytes.length, content: once(bytes) });
    if (this.#passed === 0) return;
    const detail = `${this.#passed} bytes stand beside the content, where decoders do not look, and were not examined; at most ${KEPT_BYTES} of them are kept`;
    sink.gap('budget_exceeded', detail, { bytes: this.#passed });
  }

  #keep(name: string, bytes: Buffer): void {
    this.#kept += bytes.length;
    this.#pieces.push({ name, bytes });
  }
}

/** Bytes that are there already, as content of a member. */
export async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
