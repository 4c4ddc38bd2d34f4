import { isAscii } from 'node:buffer';
import { ByteReader } from '../byte-reader.ts';
import { Finds, MAX_FINDS } from '../embedded/finds.ts';
import { AHEAD_BYTES, findArchive } from '../embedded/marks.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { base64 } from '../mail/transfer.ts';
import {
  ascii85Head,
  ascii85Of,
  BEGIN as BEGIN_85,
  findAscii85,
  LEAST as LEAST_85,
} from '../text-data/ascii85.ts';
import { decodedHead, hexDecoded, isHex, isPromising } from '../text-data/decode.ts';
import { DUMP_BYTES, dumpHead, dumpOf, findDump } from '../text-data/dump.ts';
import { findQuotedFile, QUOTED_HEAD_BYTES, quotedContent } from '../text-data/quoted.ts';
import { base32Decoded, base32Head } from '../text-data/base32.ts';
import { LEAST_UNSAID, LOOKED_AT } from '../text-data/holds-data.ts';
import { findPairs, PAIRS_BYTES, pairsIn, pairsOf } from '../text-data/pairs.ts';
import { charactersIn, charactersOf, findRun, LEAST_LINE } from '../text-data/run.ts';
import { asUtf8, wideOf } from '../text-data/wide.ts';

const PIECE_BYTES = 64 * 1024;
/** Fewer characters hold nothing that could do harm. */
const LEAST_CHARACTERS = 64;
/** What tells whether there are enough of them: line breaks and indents between. */
const MEASURED = 4 * LEAST_UNSAID;
/** `data:` and a media type; what mysqldump writes before a string of bytes. */
const BEFORE_BYTES = 200;
const URI = /data:([a-z0-9!#$&^_.+-]{0,60}\/?[a-z0-9!#$&^_.+-]{0,60})(?:;[^;,"'()\s]{1,60}){0,3};base64,$/i;
/** Elements of XML that hold files: Word 2003 and flat OPC, flat OpenDocument, property lists. */
const ELEMENT =
  /<(?:[a-z]{1,10}:)?(?:binaryData|binData|binary-data|data|base64Binary)(?:\s[^<>]{0,150})?>\s*$/i;
/** What either of them ends with. */
const SAID = /(?:,|>\s*)$/;
/** As far as 7-Zip looks for an archive. */
const SEARCHED_BYTES = 8 * 1024 * 1024;

export const unpacker: Unpacker = {
  doc: {
    name: 'Data in text',
    description:
      'What texts carry within themselves: base64 in both alphabets (`data:` addresses, XML, JSON, LDIF, PEM, property lists, tokens), base32, ASCII85 between its marks, hexadecimal digits in a row or in pairs (SQL dumps, arrays of C and scripts), what xxd, hexdump and od print, and strings of bytes in SQL dumps. Archives behind texts. Texts in UTF-16 and UTF-32 are examined in UTF-8 as well.',
    recognised: 'any text, searched for long words of encoded data.',
    limits: [
      'An archive behind a text begins in the first 8 MiB.',
      `Where ${MAX_FINDS} that were found turn out to be damaged, nothing more is looked for: a gap.`,
    ],
    references: [
      'RFC 2397: https://www.rfc-editor.org/rfc/rfc2397',
      'RFC 4648: https://www.rfc-editor.org/rfc/rfc4648',
      'mysqldump: https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html',
      'PostgreSQL, bytea: https://www.postgresql.org/docs/current/datatype-binary.html',
    ],
    limitations: [
      'Lines of fewer than 32 characters of data are not seen as such, nor are fewer than 128 characters in all (64 in a data: address or an XML element for data)',
      'What decodes neither to text nor to the beginning of a known kind of file is only examined where the text says that it is a file',
      'Fewer than 64 pairs of hexadecimal digits, and dumps with addresses that do not begin at 0, are not seen as data',
      'Data in base85 without marks, in decimal numbers, in the old escapes of PostgreSQL, percent-encoded in part, or put together by a script, are seen as they stand',
    ],
  },
  async unpack(container, sink, { signal }) {
    const whole = new ByteReader(container.stream);
    const wide = wideOf(await whole.peek(LOOKED_AT));
    if (wide !== null) {
      // Rules are written for bytes: as such it is a text like any other.
      await sink.member({ name: '(as UTF-8)', size: null, content: asUtf8(whole.rest(), wide) });
      return;
    }
    const finds = new Finds(container, sink);
    let from = 0;
    for (let bytes: AsyncIterable<Buffer> | null = whole.rest(); bytes !== null;) {
      const reader = new ByteReader(bytes);
      const text = new TextReader(reader, sink, from);
      while (await text.next()) signal.throwIfAborted();
      bytes = text.archive === null ? null : await finds.take(text.archive, reader.rest());
      from = (text.archive ?? 0) + 1;
    }
  },
};

class TextReader {
  readonly #reader: ByteReader;
  readonly #sink: FormatSink;
  /** Of the whole text, where the reader began. */
  readonly #from: number;
  /** Where an archive begins, which is where the reader then stands; null: none was found so far. */
  archive: number | null = null;
  /** What stands before the reader's place. */
  #before = '';
  /** Up to here archives were looked for. */
  #searched = 0;
  readonly #strings = new Search(findQuotedFile, QUOTED_HEAD_BYTES);
  readonly #pairsAhead = new Search(findPairs, PAIRS_BYTES);
  readonly #dumps = new Search(findDump, DUMP_BYTES);
  readonly #ascii85Ahead = new Search(findAscii85, BEGIN_85.length + LEAST_85);

  constructor(reader: ByteReader, sink: FormatSink, from: number) {
    this.#reader = reader;
    this.#sink = sink;
    this.#from = from;
  }

  /** Passes over a piece of text, or one stretch of data in it; false at the end, and where an archive begins. */
  async next(): Promise<boolean> {
    const reader = this.#reader;
    const last = (await reader.peek(2 * AHEAD_BYTES)).length < 2 * AHEAD_BYTES;
    const start = this.#from + reader.position;
    const piece = await reader.next(PIECE_BYTES);
    if (piece === null) return false;
    // What is left may be the beginning of something.
    const end = last ? piece.length : piece.length - AHEAD_BYTES;
    const archive = this.#archiveIn(piece, start, end);
    const quoted = this.#strings.next(piece, start);
    const pairs = this.#pairsAhead.next(piece, start);
    const dump = this.#dumps.next(piece, start);
    const ascii85 = this.#ascii85Ahead.next(piece, start);
    // Only as far as something else is: what is looked at again and again is never looked at as a whole.
    const limit = Math.min(...[quoted, pairs, dump, ascii85].filter((at) => at >= 0), end);
    const run = longRun(piece, limit, this.#before);
    const found = Math.min(...[archive, run, limit].filter((at) => at >= 0), end);
    this.#before = (this.#before + piece.toString('latin1', Math.max(0, found - BEFORE_BYTES), found)).slice(
      -BEFORE_BYTES,
    );
    reader.giveBack(piece.length - found);
    if (found === end) return !last;
    if (found === archive) {
      this.archive = start + archive;
      return false;
    }
    if (found === quoted) await this.#quoted();
    else if (found === dump) await this.#encoded('dump', dumpHead, dumpOf(this.#reader));
    else if (found === pairs)
      await this.#encoded('hexadecimal', (head) => pairsIn(head, false).out, pairsOf(this.#reader));
    else if (found === ascii85) await this.#ascii85();
    else await this.#run();
    return true;
  }

  async #ascii85(): Promise<void> {
    await this.#reader.skip(BEGIN_85.length);
    await this.#encoded('ascii85', ascii85Head, ascii85Of(this.#reader));
  }

  /** Data at the reader's place, which are passed over where they are not worth a look. */
  async #encoded(
    kind: string,
    headOf: (bytes: Buffer) => Buffer,
    content: AsyncGenerator<Buffer, void, undefined>,
  ): Promise<void> {
    const head = headOf(await this.#reader.peek(LOOKED_AT));
    // A dump of an image begins with zeros.
    if (isPromising(head) || head.every((byte) => byte === 0)) await this.#data(kind, content);
    for await (const _ of content);
    this.#before = '';
  }

  /** -1: none, or looked for already. */
  #archiveIn(piece: Buffer, start: number, end: number): number {
    const from = Math.max(this.#searched - start, start === 0 ? 1 : 0);
    if (from >= end || start > SEARCHED_BYTES) return -1;
    this.#searched = start + end;
    return isText(piece) ? -1 : findArchive(piece, from, end, from + (-(start + from) & 511));
  }

  /** Keys of a few bytes come by the million, and are none of our business. */
  async #quoted(): Promise<void> {
    const content = quotedContent(this.#reader);
    const parts: Buffer[] = [];
    let length = 0;
    while (length < LEAST_CHARACTERS) {
      const step = await content.next();
      if (step.done === true) return;
      parts.push(Buffer.from(step.value));
      length += step.value.length;
    }
    await this.#data('string', followedBy(parts, content));
  }

  async #run(): Promise<void> {
    const reader = this.#reader;
    const { characters: head } = charactersIn(await reader.peek(LOOKED_AT));
    const uri = URI.exec(this.#before)?.[1];
    const said = uri !== undefined || ELEMENT.test(this.#before);
    const enough = head.length >= (said ? LEAST_CHARACTERS : LEAST_UNSAID);
    const characters = charactersOf(reader);
    if (enough && (said || isPromising(decodedHead(head)))) {
      const content = !said && isHex(head) ? hexDecoded(characters) : base64(characters);
      await this.#data(uri ?? (isHex(head) && !said ? 'hexadecimal' : 'base64'), content);
    } else if (enough) {
      const bytes = base32Head(head);
      if (bytes !== null && isPromising(bytes)) await this.#data('base32', base32Decoded(characters));
    }
    for await (const _ of characters);
    this.#before = '';
  }

  async #data(kind: string, content: AsyncGenerator<Buffer, void, undefined>): Promise<void> {
    const name = `(data at ${this.#from + this.#reader.position}, ${kind})`;
    // Without `return`: what the examiner leaves is passed over.
    const left = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
    await this.#sink.member({ name, size: null, content: left });
    for await (const _ of content);
    this.#before = '';
  }
}

/** Looks for something piece by piece, each byte once. */
class Search {
  readonly #find: (piece: Buffer, from: number) => number;
  readonly #overlap: number;
  /** Before this place of the text there is none. */
  #without = 0;

  /** `overlap`: so many bytes may hold the beginning of it and no more. */
  constructor(find: (piece: Buffer, from: number) => number, overlap: number) {
    this.#find = find;
    this.#overlap = overlap;
  }

  /** Where in the piece, which begins at `start` of the text; -1: nowhere, or looked for already. */
  next(piece: Buffer, start: number): number {
    const from = Math.max(0, this.#without - start);
    const hit = from >= piece.length ? -1 : this.#find(piece, from);
    this.#without = start + (hit < 0 ? Math.max(from, piece.length - this.#overlap) : hit);
    return hit;
  }
}

/** Where in the first `limit` bytes a stretch of data begins that is long enough, or is said to be data; -1: nowhere. */
function longRun(piece: Buffer, limit: number, before: string): number {
  const window = piece.subarray(0, limit + 2 * LEAST_LINE);
  for (let at = findRun(window); at >= 0 && at < limit;) {
    const measured = piece.subarray(at, at + MEASURED);
    const { characters, used } = charactersIn(measured);
    const isShort = used < measured.length && characters.length < LEAST_UNSAID;
    if (!isShort || isSaid(piece, at, before)) return at;
    at = findRun(window, at + Math.max(1, used));
  }
  return -1;
}

function isSaid(piece: Buffer, at: number, before: string): boolean {
  if (!SAID.test(piece.toString('latin1', Math.max(0, at - 20), at))) return false;
  const text = (before + piece.toString('latin1', Math.max(0, at - BEFORE_BYTES), at)).slice(-BEFORE_BYTES);
  return URI.test(text) || ELEMENT.test(text);
}

async function* followedBy(
  parts: readonly Buffer[],
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* parts;
  yield* rest;
}

/** No archive's header is without a zero byte or one beyond ASCII. */
function isText(piece: Buffer): boolean {
  return isAscii(piece) && !piece.includes(0);
}
