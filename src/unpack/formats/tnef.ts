import type { ByteSource } from '../../bytes/index.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { ATTRIBUTE, attributeAt, behind, type Attribute } from '../tnef/attributes.ts';
import { propertiesIn, type Property } from '../tnef/properties.ts';
import { rtfText } from '../tnef/rtf.ts';
import { Damaged } from '../trouble.ts';
import { Window } from '../window.ts';

/** Behind signature and key. */
const FIRST_ATTRIBUTE = 6;
/** [MS-OXPROPS]: PidTagRtfCompressed, PidTagAttachDataObject, PidTagAttachLongFilename, PidTagAttachFilename. */
const RTF = 0x1009;
const DATA = 0x3701;
const LONG_NAME = 0x3707;
const NAME = 0x3704;
/** Before an object stands the identifier of its interface. */
const INTERFACE_BYTES = 16;
const MAX_NAME = 4096;
const MAX_RTF = 16 * 1024 * 1024;
/** Shorter values are names, dates and addresses. */
const MIN_VALUE = 256;

export const unpacker: Unpacker = {
  doc: {
    name: 'TNEF (winmail.dat)',
    description:
      "Outlook's attachments under their names, attached messages, and the message's text (RTF, HTML).",
    recognised: '`\\x78\\x9F\\x3E\\x22` at 0',
    limits: ['100,000 properties of a message'],
    references: ['[MS-OXTNEF]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxtnef'],
    limitations: ['Check sums are not compared'],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    await new TnefReader(source, sink, context).run();
  },
};

interface Attachment {
  readonly number: number;
  title: Buffer | null;
  longName: Buffer | null;
  readonly contents: { readonly start: number; readonly end: number }[];
}

/** More contents of one attachment than any program writes: a title and one attribute of data. */
const MAX_CONTENTS = 1000;

class TnefReader {
  readonly #source: ByteSource;
  readonly #window: Window;
  readonly #sink: FormatSink;
  readonly #context: UnpackContext;
  #attachment: Attachment = emptyAttachment(0);

  constructor(source: ByteSource, sink: FormatSink, context: UnpackContext) {
    this.#source = source;
    this.#window = new Window(source);
    this.#sink = sink;
    this.#context = context;
  }

  async run(): Promise<void> {
    let broken: Damaged | null = null;
    try {
      await this.#attributes();
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      broken = error;
    }
    await this.#finish();
    if (broken !== null) throw broken;
  }

  async #attributes(): Promise<void> {
    for (let at = FIRST_ATTRIBUTE; ;) {
      this.#context.signal.throwIfAborted();
      const attribute = await attributeAt(this.#window, at);
      if (attribute === null) return;
      await this.#take(attribute);
      if (attribute.end > this.#window.size)
        throw new Damaged(`cut off: ${attribute.end - this.#window.size} bytes are missing`);
      at = behind(attribute);
    }
  }

  async #take({ id, start, end }: Attribute): Promise<void> {
    if (id === ATTRIBUTE.beginsAttachment) {
      await this.#finish();
      this.#attachment = emptyAttachment(this.#attachment.number + 1);
    } else if (id === ATTRIBUTE.attachmentTitle)
      this.#attachment.title = await this.#name(start, end, 'text');
    else if (id === ATTRIBUTE.attachmentData) this.#keep(start, end);
    else if (id === ATTRIBUTE.attachmentProperties || id === ATTRIBUTE.messageProperties)
      await this.#properties(start, end, id === ATTRIBUTE.attachmentProperties);
    else if (id === ATTRIBUTE.body) await this.#range('(body)', start, end);
    else if (end - start >= MIN_VALUE) await this.#range(`(attribute ${id.toString(16)})`, start, end);
  }

  #keep(start: number, end: number): void {
    if (this.#attachment.contents.length >= MAX_CONTENTS)
      throw new Damaged(`an attachment in more than ${MAX_CONTENTS} pieces`);
    this.#attachment.contents.push({ start, end: Math.min(end, this.#window.size) });
  }

  /** Hands on the attachment: its name stands behind its data. */
  async #finish(): Promise<void> {
    const { number, title, longName, contents } = this.#attachment;
    const name = longName ?? title ?? `(attachment ${number})`;
    for (const { start, end } of contents.splice(0)) await this.#range(name, start, end);
  }

  async #range(name: Buffer | string, start: number, end: number): Promise<void> {
    const until = Math.min(end, this.#window.size);
    if (start >= until) return;
    await this.#sink.member({ name, size: until - start, content: this.#source.stream(start, until) });
  }

  async #properties(start: number, end: number, ofAttachment: boolean): Promise<void> {
    try {
      for await (const property of propertiesIn(this.#window, start, end)) {
        this.#context.signal.throwIfAborted();
        await this.#property(property, ofAttachment);
      }
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      this.#sink.gap('corrupt', error.message, { bytes: Math.max(0, end - start) });
    }
  }

  async #property({ id, kind, start, end }: Property, ofAttachment: boolean): Promise<void> {
    if (ofAttachment && (id === LONG_NAME || id === NAME) && (kind === 'text' || kind === 'unicode')) {
      const name = await this.#name(start, end, kind);
      if (id === LONG_NAME || this.#attachment.longName === null) this.#attachment.longName = name;
    } else if (ofAttachment && id === DATA)
      this.#keep(kind === 'object' ? start + INTERFACE_BYTES : start, end);
    else if (id === RTF && kind === 'binary') await this.#rtf(start, end);
    else if (end - start >= MIN_VALUE) await this.#range(`(property ${id.toString(16)})`, start, end);
  }

  async #name(start: number, end: number, kind: Property['kind']): Promise<Buffer> {
    const bytes = Buffer.from(await this.#window.slice(start, Math.min(MAX_NAME, end - start)));
    const text = kind === 'unicode' ? Buffer.from(bytes.toString('utf16le')) : bytes;
    const nul = text.indexOf(0);
    return nul < 0 ? text : text.subarray(0, nul);
  }

  async #rtf(start: number, end: number): Promise<void> {
    if (end - start > MAX_RTF) {
      this.#sink.gap('unsupported_format', `compressed RTF of more than ${MAX_RTF} bytes`, {
        bytes: end - start,
      });
      return;
    }
    const content = rtfText(Buffer.from(await this.#window.slice(start, end - start)));
    await this.#sink.member({ name: '(body).rtf', size: content.length, content: once(content) });
  }
}

function emptyAttachment(number: number): Attachment {
  return { number, title: null, longName: null, contents: [] };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
