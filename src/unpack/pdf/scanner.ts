import { OverBudget } from '../trouble.ts';
import { isWhite, Lexer, PdfWord } from './lexer.ts';
import { parseValue, type Parsed } from './parse.ts';
import { PdfRef, type PdfDict, type PdfValue } from './values.ts';
import type { Window } from '../window.ts';

/** Most objects are small; this much is parsed first, that much at most. */
const OBJECT_BYTES = 16 * 1024;
const MAX_OBJECT_BYTES = 4 * 1024 * 1024;
/** `4294967295 65535 ` before `obj`. */
const HEADER_BYTES = 48;
/** All objects and streams together, as a multiple of the file: they may overlap, but not without end. */
const MAX_WORK = 16;
const SPARE_WORK = 64 * 1024 * 1024;
const LF = 10;
const CR = 13;

export interface PdfObject {
  /** 0 when no number stands before `obj`. */
  readonly number: number;
  readonly generation: number;
  readonly value: PdfValue;
  readonly ending: Parsed['ending'];
  readonly start: number;
  /** Behind the word `obj`: from there on the next one is looked for, as objects may lie in each other. */
  readonly body: number;
  /** Behind the value. */
  readonly end: number;
  /** Where a stream's bytes begin; null: the object is none. */
  readonly data: number | null;
}

/** Finds everything that looks like `12 0 obj`, wherever it lies: what a cross-reference table names is never believed. */
export class Scanner {
  readonly #window: Window;
  /** The next `endstream`, once it was looked for: streams that never end must not be searched again and again. */
  #nextEnd: { readonly from: number; readonly at: number } | null = null;
  #work = 0;

  constructor(window: Window) {
    this.#window = window;
  }

  /** Throws OverBudget once overlapping objects have cost far more than the file is large. */
  spend(bytes: number): void {
    this.#work += bytes;
    if (this.#work > MAX_WORK * this.#window.size + SPARE_WORK)
      throw new OverBudget(`its objects lie over each other: more than ${MAX_WORK} times the file was read`);
  }

  /** Where the word stands next, at or behind `from`; null: nowhere. */
  async find(word: string, from: number): Promise<number | null> {
    const { size } = this.#window;
    for (let at = from; at < size;) {
      const piece = await this.#window.ahead(at);
      const hit = piece.indexOf(word, 0, 'latin1');
      if (hit >= 0) return at + hit;
      if (at + piece.length >= size || piece.length < word.length) return null;
      at += piece.length - word.length + 1;
    }
    return null;
  }

  /** The next object whose `obj` lies at or behind `from`. */
  async next(from: number): Promise<PdfObject | null> {
    for (let at = from; ;) {
      const hit = await this.find('obj', at);
      if (hit === null) return null;
      const object = await this.#objectAt(hit);
      if (object !== null) return object;
      at = hit + 3;
    }
  }

  async #objectAt(word: number): Promise<PdfObject | null> {
    const [from, length] = [Math.max(0, word - HEADER_BYTES), Math.min(word, HEADER_BYTES)];
    const before = this.#window.atHand(from, length) ?? (await this.#window.slice(from, length));
    const header = headerOf(before);
    if (header === null) return null;
    const after = word + 3;
    const { parsed, end, data } = await this.#valueAt(after);
    if (header.number === 0 && data === null) return null;
    const { number, generation } = header;
    return {
      number,
      generation,
      value: parsed.value,
      ending: parsed.ending,
      start: word - header.length,
      body: after,
      end,
      data,
    };
  }

  /** The value that begins behind `at`, and where its stream begins if it has one. */
  async #valueAt(at: number): Promise<{ parsed: Parsed; end: number; data: number | null }> {
    for (const limit of [OBJECT_BYTES, MAX_OBJECT_BYTES]) {
      const bytes = this.#window.atHand(at, limit) ?? (await this.#window.slice(at, limit));
      const lexer = new Lexer(bytes);
      const parsed = parseValue(lexer);
      const end = lexer.at;
      const follows = lexer.next();
      this.spend(lexer.at);
      const all = at + bytes.length >= this.#window.size || limit === MAX_OBJECT_BYTES;
      if ((parsed.ending === 'cut' || follows === null) && !all) continue;
      const isStream = follows instanceof PdfWord && follows.text === 'stream';
      const data = isStream ? at + lexer.at + lineEndLength(bytes, lexer.at) : null;
      return { parsed, end: at + end, data };
    }
    throw new RangeError('unreachable');
  }

  /** The dictionary behind a `trailer` at `at`. */
  async trailerAt(at: number): Promise<{ value: PdfValue; end: number }> {
    const { parsed, end } = await this.#valueAt(at + 'trailer'.length);
    return { value: parsed.value, end };
  }

  /**
   * Where a stream's bytes end. Its /Length counts only if `endstream` follows there. `cut`: no `endstream` follows
   * at all.
   */
  async streamEnd(data: number, lengths: readonly number[]): Promise<{ end: number; cut: boolean }> {
    for (const length of lengths) {
      if (!Number.isSafeInteger(length) || length < 0 || data + length > this.#window.size) continue;
      const lexer = new Lexer(await this.#window.slice(data + length, 32));
      const word = lexer.next();
      if (word instanceof PdfWord && word.text.startsWith('endstream'))
        return { end: data + length, cut: false };
    }
    const at = await this.#endstreamFrom(data);
    if (at === null) return { end: this.#window.size, cut: true };
    // Of CR LF only the LF is surely none of the data: a CR may be the last byte of a check sum.
    const [last] = await this.#window.slice(Math.max(data, at - 1), Math.min(1, at - data));
    return { end: at - (last === LF || last === CR ? 1 : 0), cut: false };
  }

  async #endstreamFrom(from: number): Promise<number | null> {
    const known = this.#nextEnd;
    if (known !== null && known.from <= from && from <= known.at)
      return known.at === Infinity ? null : known.at;
    const at = await this.find('endstream', from);
    this.#nextEnd = { from, at: at ?? Infinity };
    return at;
  }
}

/** `12 0 ` or nothing at all, which some readers forgive; null behind `end`. */
function headerOf(before: Buffer): { number: number; generation: number; length: number } | null {
  let at = before.length;
  const [generation, afterNumber] = numberBefore(before, at);
  if (generation === null) {
    const isEnd = before.toString('latin1', Math.max(0, at - 3)) === 'end';
    return isEnd ? null : { number: 0, generation: 0, length: 0 };
  }
  const [number, start] = numberBefore(before, afterNumber);
  at = number === null ? before.length : start;
  return { number: number ?? 0, generation, length: before.length - at };
}

function numberBefore(bytes: Buffer, end: number): [value: number | null, start: number] {
  let last = end;
  while (last > 0 && isWhite(bytes[last - 1])) last--;
  let first = last;
  while (first > 0 && last - first < 12 && isDigit(bytes[first - 1])) first--;
  return first === last ? [null, end] : [Number(bytes.toString('latin1', first, last)), first];
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** ISO 32000-1, 7.3.8.1: CR LF or LF; readers forgive a CR, and spaces before the line end. */
function lineEndLength(bytes: Buffer, at: number): number {
  let end = at;
  while (end < at + 32 && (bytes[end] === 0x20 || bytes[end] === 9)) end++;
  if (bytes[end] === 13) return end - at + (bytes[end + 1] === 10 ? 2 : 1);
  return bytes[end] === 10 ? end - at + 1 : 0;
}

/** The lengths that a stream claims to have: as numbers, or as objects that hold one. */
export function lengthsOf(dict: PdfDict, resolve: (ref: PdfRef) => PdfValue): number[] {
  return dict
    .all('Length')
    .map((value) => (value instanceof PdfRef ? resolve(value) : value))
    .filter((value) => typeof value === 'number');
}
