import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink, Member, UnpackContext } from '../format.ts';
import { Candidates } from '../candidates.ts';
import { Damaged } from '../trouble.ts';
import { chainsOf, type Chain } from './chains.ts';
import { undoFilters, type Decoded } from './decode.ts';
import { Lexer, PdfWord } from './lexer.ts';
import { openedLock } from './locks.ts';
import { lengthsOf, type PdfObject, type Scanner } from './scanner.ts';
import { decrypted, decryptedString, objectKey, type Method, type Security } from './security.ts';
import type { Survey } from './survey.ts';
import { objectsIn, plainText, textsIn } from './texts.ts';
import { nameText, PdfDict } from './values.ts';
import type { Window } from '../window.ts';

/** Object streams up to this size are searched for scripts; honest ones hold some hundred objects. */
const MAX_OBJECT_STREAM = 16 * 1024 * 1024;
/** Fewer bytes than that behind a filter's end are line ends. */
const MIN_REST = 4;

interface Setting {
  readonly source: ByteSource;
  readonly window: Window;
  readonly scanner: Scanner;
  readonly survey: Survey;
  readonly ledger: ByteLedger;
  readonly sink: FormatSink;
  readonly context: UnpackContext;
}

/** One stream under its first name, on its way to the sink. */
interface Stored {
  readonly object: PdfObject;
  readonly name: Member['name'];
  readonly data: number;
  readonly end: number;
  readonly method: Method;
}

/** Hands on everything in the objects of a document: streams, scripts, what stands in object streams. */
export class PdfDocument {
  readonly #set: Setting;
  readonly #security: Security | null;
  /** Streams that stayed closed. */
  #locked = 0;
  #lockedBytes = 0;
  /** Objects that never ended. */
  #cut = 0;

  constructor(setting: Setting) {
    this.#set = setting;
    const candidates = new Candidates([''], setting.context.passwords);
    this.#security = openedLock(setting.survey, candidates);
    if ((this.#security?.key ?? null) !== null) candidates.tell(setting.sink);
  }

  async handOn(): Promise<void> {
    const { scanner, context } = this.#set;
    for (let object = await scanner.next(0); object !== null;) {
      context.signal.throwIfAborted();
      await this.#object(object);
      object = await scanner.next(object.body);
    }
    this.#sayWhatStaysUnseen();
  }

  #sayWhatStaysUnseen(): void {
    const { sink, survey, context } = this.#set;
    if (this.#locked > 0) {
      const tried = `the empty password and ${context.passwords.length} given ones were tried`;
      sink.gap('encrypted', `${this.#locked} streams are encrypted; ${tried}`, { bytes: this.#lockedBytes });
    }
    if (survey.locks.missing)
      sink.gap('encrypted', 'it names an encryption that is nowhere in it: read as if it were not encrypted');
    if (this.#cut > 0) sink.gap('corrupt', `${this.#cut} objects do not end`);
  }

  async #object(object: PdfObject): Promise<void> {
    if (object.data === null) {
      await this.#claim(object.start, object.end);
      if (object.ending === 'cut') this.#cut++;
    } else await this.#stream(object, object.data);
    const { number, generation, value } = object;
    const texts = textsIn(value).map((bytes) => this.#plain(bytes, number, generation));
    await this.#texts(texts, `${number} ${generation}`);
  }

  /** The object and the words that end it. */
  async #claim(start: number, end: number): Promise<void> {
    const { window } = this.#set;
    const tail = window.atHand(end, 128) ?? (await window.slice(end, 128));
    const lexer = new Lexer(tail);
    let length = 0;
    for (let word = lexer.next(); word instanceof PdfWord && /^end(?:obj|stream)$/.test(word.text);) {
      length = lexer.at;
      word = lexer.next();
    }
    while (tail[length] === 10 || tail[length] === 13 || tail[length] === 0x20) length++;
    this.#set.ledger.claim(start, end + length);
  }

  #plain(bytes: Buffer, number: number, generation: number): Buffer {
    const { strings, key } = this.#security ?? { strings: 'none' as const, key: null };
    if (strings === 'none' || strings === 'unknown' || key === null) return bytes;
    return decryptedString(bytes, strings, objectKey(key, strings, number, generation));
  }

  async #texts(texts: readonly Buffer[], where: string): Promise<void> {
    for (const [index, bytes] of texts.entries()) {
      const content = plainText(bytes);
      if (content.length === 0) continue;
      const name = `(text ${index + 1} of object ${where})`;
      await this.#set.sink.member({ name, size: content.length, content: once(content) });
    }
  }

  async #stream(object: PdfObject, data: number): Promise<void> {
    const { scanner, survey, sink } = this.#set;
    const dict = object.value instanceof PdfDict ? object.value : new PdfDict([]);
    const { end, cut } = await scanner.streamEnd(
      data,
      lengthsOf(dict, (ref) => survey.resolve(ref)),
    );
    scanner.spend(end - data);
    await this.#claim(object.start, end);
    if (cut) this.#cut++;
    if (end === data) return;
    const name = this.#nameOf(object);
    const chains = chainsOf(dict, survey);
    for (const [index, chain] of chains.entries()) {
      const label =
        index === 0 ? name : `(object ${object.number} ${object.generation}, reading ${index + 1})`;
      const stored = { object, name: label, data, end, method: this.#methodOf(dict, chain) };
      try {
        await this.#reading(stored, chain, nameText(dict.get('Type')) === 'ObjStm');
      } catch (error) {
        // Every stream stands for itself: one that is damaged does not hide the next.
        if (!(error instanceof Damaged)) throw error;
        sink.gap('corrupt', error.message, { member: label, bytes: end - data });
      }
    }
  }

  #methodOf(dict: PdfDict, chain: Chain): Method {
    const security = this.#security;
    const type = nameText(dict.get('Type'));
    if (security === null || type === 'XRef') return 'none';
    const first = chain?.[0];
    if (first?.name === 'Crypt')
      return security.method(nameText(first.parameters?.get('Name') ?? null) ?? 'Identity');
    if (type === 'Metadata' && !security.metadata) return 'none';
    return type === 'EmbeddedFile' ? security.embedded : security.streams;
  }

  #nameOf({ number, generation }: PdfObject): Member['name'] {
    const name = this.#set.survey.names.get(number);
    if (name === undefined) return `(object ${number} ${generation})`;
    const plain = name.within === null ? name.bytes : this.#plain(name.bytes, name.within, 0);
    return plainText(plain);
  }

  async #reading(stored: Stored, chain: Chain, holdsObjects: boolean): Promise<void> {
    const { source, sink } = this.#set;
    const { object, name, data, end, method } = stored;
    const bytes = source.stream(data, end);
    const key = this.#security?.key ?? null;
    if (method !== 'none' && (key === null || method === 'unknown')) {
      this.#locked++;
      this.#lockedBytes += end - data;
      return;
    }
    const { number, generation } = object;
    const plain =
      method === 'none' || key === null
        ? bytes
        : decrypted(bytes, method, objectKey(key, method, number, generation));
    const decoded = undoFilters(plain, end - data, chain ?? []);
    if (chain === null) sink.gap('unsupported_format', 'its filters cannot be told', { member: name });
    if (decoded.unknown !== null)
      sink.gap('unsupported_format', `the filter ${decoded.unknown.slice(0, 60)}`, { member: name });
    const heard = holdsObjects ? new Heard() : null;
    await this.#content(name, decoded, heard);
    if (heard !== null) await this.#objectStream(heard, object, name);
  }

  async #content(name: Member['name'], decoded: Decoded, heard: Heard | null): Promise<void> {
    const content = heard === null ? decoded.content : heard.chunks(decoded.content);
    try {
      // Without `return`: only once it is decoded to its end is it known what follows.
      const left = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
      await this.#set.sink.member({ name, size: null, content: left });
      for await (const _ of content);
    } finally {
      await content.return();
    }
    if ((await decoded.rest.peek(MIN_REST)).length < MIN_REST) return;
    const about = `(data after the end of ${shown(name)})`;
    await this.#set.sink.member({ name: about, size: null, content: decoded.rest.rest() });
  }

  async #objectStream(heard: Heard, { number, generation }: PdfObject, name: Member['name']): Promise<void> {
    const bytes = heard.whole();
    if (bytes === null) {
      const detail = `scripts in an object stream of more than ${MAX_OBJECT_STREAM} bytes are not looked for`;
      this.#set.sink.gap('unsupported_format', detail, { member: name });
      return;
    }
    const texts: Buffer[] = [];
    for (const value of objectsIn(bytes)) {
      this.#set.survey.noteNames(value, null);
      texts.push(...textsIn(value));
    }
    await this.#texts(texts, `${number} ${generation}`);
  }
}

/** Keeps what goes past, as long as it is not too much. */
class Heard {
  #parts: Buffer[] = [];
  #size = 0;

  async *chunks(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of content) {
      this.#size += chunk.length;
      if (this.#size <= MAX_OBJECT_STREAM) this.#parts.push(Buffer.from(chunk));
      else this.#parts = [];
      yield chunk;
    }
  }

  /** null when it was too much. */
  whole(): Buffer | null {
    return this.#size > MAX_OBJECT_STREAM ? null : Buffer.concat(this.#parts);
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

function shown(name: Member['name']): string {
  return typeof name === 'string' ? name : Buffer.from(name).toString('latin1');
}
