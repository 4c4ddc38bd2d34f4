import type { ByteSource } from '../../bytes/index.ts';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { handOnObject } from '../office/ole1-object.ts';
import { HEX_GROUPS, hexData, type HexEnd, type Nested } from '../rtf/hex-data.ts';
import { RtfLexer } from '../rtf/lexer.ts';
import { Damaged } from '../trouble.ts';

/** Objects within an object's own data; each is read on its own, once more. */
const MAX_WITHIN = 16;
/** What Word asks of the beginning. */
const BEGINNING = '{\\rt';

export const unpacker: Unpacker = {
  doc: {
    name: 'RTF',
    description:
      'Rich text: embedded objects with the files in them, pictures, themes and data stores, from hex digits or binary data; what follows the end.',
    recognised: '`{\\rt` at 0',
    limits: [],
    references: [
      'RTF 1.9.1: https://interoperability.blob.core.windows.net/files/Archive_References/[MSFT-RTF].pdf',
      'MS-OLEDS: https://learn.microsoft.com/openspecs/windows_protocols/ms-oleds/',
    ],
    limitations: ['Hex digits outside the groups that are known to hold files stay text'],
  },
  async unpack({ source }, sink, { signal }) {
    if (source === null) throw new Damaged('not a readable file');
    await new Document(source, sink, signal).read();
  },
};

class Document {
  readonly #source: ByteSource;
  readonly #sink: FormatSink;
  readonly #signal: AbortSignal;
  readonly #counts = new Map<string, number>();
  #within: { readonly word: string; readonly position: number }[] = [];
  #tooMany = 0;

  constructor(source: ByteSource, sink: FormatSink, signal: AbortSignal) {
    this.#source = source;
    this.#sink = sink;
    this.#signal = signal;
  }

  async read(): Promise<void> {
    const { size } = this.#source;
    const lexer = new RtfLexer(new ByteReader(this.#source.stream()), size, this.#signal);
    let end: number | null = null;
    const start = Buffer.alloc(BEGINNING.length);
    await this.#source.readAt(start, 0);
    for (;;) {
      const token = await lexer.next();
      if (token === 'end') break;
      if (token === 'close' && lexer.depth <= 0) end ??= lexer.position;
      if (token === 'word' && HEX_GROUPS.has(lexer.word)) {
        await this.#group(lexer, lexer.word, 0);
        if (lexer.depth <= 0) end ??= lexer.position;
        for (const { word, position } of this.#within.splice(0)) await this.#again(word, position);
      }
    }
    if (end !== null) await this.#afterTheEnd(end);
    if (this.#tooMany > 0) {
      const detail = `${this.#tooMany} more objects lie within the data of others; at most ${MAX_WITHIN} are read`;
      this.#sink.gap('budget_exceeded', detail);
    }
    if (lexer.overlongBinary) this.#sink.gap('corrupt', 'binary data reach beyond the end of the file');
    if (start.toString('latin1') !== BEGINNING) throw new Damaged('does not begin like RTF');
    if (lexer.depth > 0) throw new Damaged(`cut off with ${lexer.depth} groups open`);
  }

  /** An object that was found within another's data, `position` bytes into the file. */
  async #again(word: string, position: number): Promise<void> {
    const stream = this.#source.stream(position);
    try {
      const lexer = new RtfLexer(new ByteReader(stream), this.#source.size - position, this.#signal);
      await this.#group(lexer, word, position);
    } finally {
      await stream.return();
    }
    this.#within = [];
  }

  /** Hands on the group that the lexer stands in; `base` is where its counting began. */
  async #group(lexer: RtfLexer, word: string, base: number): Promise<void> {
    const position = base + lexer.position;
    const kind = HEX_GROUPS.get(word) ?? word;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const name = `${kind} ${count}`;
    const isObject = word === 'objdata';
    lexer.ignored = 0;
    await this.#data(lexer, name, isObject ? 'plain groups' : 'nothing', base);
    if (!isObject || lexer.ignored === 0) return;
    const stream = this.#source.stream(position);
    try {
      const other = new RtfLexer(new ByteReader(stream), this.#source.size - position, this.#signal);
      await this.#data(other, `${name} (with every nested group)`, 'everything', null);
    } finally {
      await stream.return();
    }
  }

  async #data(lexer: RtfLexer, name: string, nested: Nested, base: number | null): Promise<void> {
    const end: HexEnd = { cutOff: false };
    const data = hexData(lexer, nested, end, (word) => {
      if (base === null) return;
      if (this.#within.length < MAX_WITHIN) this.#within.push({ word, position: base + lexer.position });
      else this.#tooMany++;
    });
    const reader = new ByteReader(data);
    if (nested === 'nothing') {
      if ((await reader.peek(1)).length > 0) {
        await this.#sink.member({ name, size: null, content: reader.rest() });
      }
    } else await handOnObject(reader, name, this.#sink);
    // What the examiner left: only so is known where the group ends.
    await reader.skip(Infinity);
    if (end.cutOff) this.#sink.gap('corrupt', 'the file ends within it', { member: name });
  }

  async #afterTheEnd(position: number): Promise<void> {
    const reader = new ByteReader(this.#source.stream(position));
    for (let part = await reader.next(); part !== null; part = await reader.next()) {
      const at = part.findIndex((byte) => byte !== 0 && byte !== 0x20 && (byte < 9 || byte > 13));
      if (at < 0) continue;
      reader.giveBack(part.length - at);
      await this.#sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
      return;
    }
  }
}
