import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';

/** A `From ` line and the beginning of the next. */
const LOOK_AHEAD = 1024;
const PIECE_BYTES = 256 * 1024;
const FROM = Buffer.from('From ');
/** Sender and date; mail programs write the date in ways of their own, but with a time. */
const DATED = /^From [^\r\n]{0,600}\d{1,2}:\d{2}[^\r\n]{0,200}\r?\n/;
const HEADER = /^[^\r\n]{0,1000}\r?\n(?:>From |[!-9;-~]{1,80}[ \t]*:)/;

// One message after another; each is opened as a mail by itself, so that memory stays the same for any mailbox.
export const unpacker: Unpacker = {
  doc: {
    name: 'Mailbox (mbox)',
    description: 'Messages one after another, each behind a line that begins with From.',
    recognised: 'a line that begins with `From ` at 0, and the header fields of a message behind it',
    limits: [],
    references: ['RFC 4155: https://www.rfc-editor.org/rfc/rfc4155'],
    limitations: ['A mailbox cut off between two lines of its last message cannot be told from a whole one'],
  },
  async unpack(container, sink, { signal }) {
    const reader = new ByteReader(container.stream);
    const messages = new Messages(reader);
    for (let number = 1; await messages.next(); number++) {
      signal.throwIfAborted();
      const content = messages.content();
      await sink.member({ name: `message ${number}`, size: null, content });
      await content.return();
      for await (const _ of messages.content());
    }
  },
};

class Messages {
  readonly #reader: ByteReader;
  /** The bytes before the next one: a message begins behind an empty line. */
  #before = '\n\n';
  #first = true;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** Steps over the `From ` line; false at the end. */
  async next(): Promise<boolean> {
    const ahead = await this.#reader.peek(LOOK_AHEAD);
    if (ahead.length === 0) return false;
    const isFrom = ahead.subarray(0, FROM.length).equals(FROM);
    // What stands before the first `From ` is examined like a message.
    if (!isFrom && !this.#first) return false;
    this.#first = false;
    if (isFrom) {
      const end = ahead.indexOf(10);
      await this.#reader.skip(end < 0 ? ahead.length : end + 1);
      this.#before = 'From\n';
    }
    return true;
  }

  /** Up to the next `From ` line. */
  async *content(): AsyncGenerator<Buffer, void, undefined> {
    const reader = this.#reader;
    for (;;) {
      if (await this.#atMessage()) return;
      const part = await reader.next(PIECE_BYTES);
      if (part === null) return;
      const end = partLength(part);
      reader.giveBack(part.length - end);
      this.#before = (this.#before + part.toString('latin1', Math.max(0, end - 4), end)).slice(-4);
      yield part.subarray(0, end);
    }
  }

  async #atMessage(): Promise<boolean> {
    if (!this.#before.endsWith('\n') || this.#before === 'From\n') return false;
    if (!(await this.#reader.peek(FROM.length)).equals(FROM)) return false;
    const ahead = (await this.#reader.peek(LOOK_AHEAD)).toString('latin1');
    const afterEmpty = this.#before.endsWith('\n\n') || this.#before.endsWith('\n\r\n');
    return afterEmpty ? DATED.test(ahead) || HEADER.test(ahead) : DATED.test(ahead) && HEADER.test(ahead);
  }
}

/** Up to where a `From ` may begin, at a line's beginning and not the first byte. */
function partLength(part: Buffer): number {
  for (let at = 0; ;) {
    const hit = part.indexOf('\nFrom ', at, 'latin1');
    if (hit < 0) break;
    return hit + 1;
  }
  for (let kept = Math.min(FROM.length, part.length - 1); kept > 0; kept--) {
    const tail = part.subarray(part.length - kept);
    if (tail[0] === 10 && FROM.subarray(0, kept - 1).equals(tail.subarray(1))) return part.length - kept + 1;
  }
  return part.length;
}
