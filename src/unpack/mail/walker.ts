import type { Range } from './encoded.ts';
import { Boundaries, MAX_OPEN, type Delimiter } from './boundaries.ts';
import { Fields, lineAt } from './header.ts';
import { handOnBody, type Place } from './leaf.ts';

/**
 * How a message is taken apart where it can be read in more than one way. `first` and `last`: which boundary counts
 * where several are declared. `loose`: all of them do, and lines that are nearly delimiters are some.
 */
export type Reading = 'first' | 'last' | 'loose';

/** What the strict reading came upon that others may take differently. */
export interface Doubts {
  /** A multipart declares different boundaries. */
  boundaries: boolean;
  /** Lines are nearly delimiters: junk behind a boundary, a boundary that nobody declared, a lone CR in front. */
  delimiters: boolean;
}

/** `--`, the boundary, `--`, some blanks. */
const MAX_DELIMITER = 1100;

interface Found extends Delimiter {
  /** The line end before it belongs to it (RFC 2046, 5.1.1). */
  readonly start: number;
  readonly next: number;
}

interface Header {
  readonly fields: Fields;
  /** Where the body begins; two places where a line in the header is no field. */
  readonly bodies: readonly number[];
  /** A delimiter stood where the header still went on. */
  readonly delimiter: Found | null;
}

/** Goes through one message, part by part, in memory that does not grow with it. */
export class Walker {
  readonly #place: Place;
  readonly #reading: Reading;
  readonly #boundaries = new Boundaries();
  readonly #suffix: string;
  readonly doubts: Doubts = { boundaries: false, delimiters: false };
  #parts = 0;
  #tooDeep = false;
  /** A multipart in which no delimiter stands at all. */
  #unclosed = false;
  #truncated = false;

  constructor(place: Place, reading: Reading) {
    this.#place = place;
    this.#reading = reading;
    this.#suffix = reading === 'first' ? '' : `, ${reading} reading`;
  }

  async run(): Promise<void> {
    const { window, context } = this.#place;
    for (let at = 0, digest = false; at < window.size;) {
      context.signal.throwIfAborted();
      const header = await this.#header(at);
      if (header.delimiter !== null && header.bodies.length === 0) {
        [at, digest] = [await this.#behind(header.delimiter), false];
        continue;
      }
      [at, digest] = await this.#part(header, digest);
    }
    this.#sayWhatIsWrong();
  }

  #sayWhatIsWrong(): void {
    const { sink } = this.#place;
    if (this.#reading !== 'first') return;
    if (this.#unclosed || this.#boundaries.unclosed)
      sink.gap('corrupt', 'the last boundary is missing: cut off');
    if (this.#tooDeep) sink.gap('budget_exceeded', `more than ${MAX_OPEN} multiparts in each other`);
    if (this.#truncated) sink.gap('corrupt', 'a header field longer than 64 KiB was read to there only');
  }

  /** One part; returns where the next header begins, and whether it is that of a digest's part. */
  async #part({ fields, bodies }: Header, inDigest: boolean): Promise<[next: number, digest: boolean]> {
    const { window } = this.#place;
    const types = fields.types.map(({ value }) => value);
    if (fields.truncated) this.#truncated = true;
    const isMultipart = types.some((type) => type.startsWith('multipart/'));
    if (isMultipart) this.#open(fields);
    const body = (isMultipart ? bodies[0] : bodies.at(-1)) ?? window.size;
    const number = ++this.#parts;
    const nested = types.some(isMessage) || (inDigest && types.length === 0);
    if (types.includes('message/partial'))
      this.#place.sink.gap(
        'unsupported_format',
        'a message that comes in pieces: only this piece was examined',
      );
    if (nested && !isEncoded(fields)) return [body, false];
    const found = await this.#delimiter(body);
    const end = found === null ? window.size : found.start;
    const label = isMultipart ? `before the parts of ${number}` : `part ${number}`;
    for (const start of bodies)
      await this.#body({ start, end }, isMultipart ? null : fields, `(${label}${this.#suffix})`);
    if (found === null) {
      // Bounces carry the header of a message without its body.
      this.#unclosed ||= isMultipart && (await window.slice(body, 64)).toString('latin1').trim() !== '';
      return [window.size, false];
    }
    return [await this.#behind(found), types.includes('multipart/digest')];
  }

  async #body(range: Range, fields: Fields | null, label: string): Promise<void> {
    if (range.start < range.end) await handOnBody(this.#place, range, fields, label);
  }

  /** Behind a delimiter: where the next header begins. What follows a closing one lies around the parts. */
  async #behind(delimiter: Found): Promise<number> {
    const { window } = this.#place;
    for (let found = delimiter; ;) {
      this.#boundaries.popTo(found.boundary);
      if (found.closing) this.#boundaries.close(found.boundary);
      if (!found.closing) return found.next;
      const after = await this.#delimiter(found.next);
      const end = after === null ? window.size : after.start;
      await this.#body(
        { start: found.next, end },
        null,
        `(after the parts, at ${found.next}${this.#suffix})`,
      );
      if (after === null) return window.size;
      found = after;
    }
  }

  #open(fields: Fields): void {
    const declared = fields.types.flatMap(({ parameters }) =>
      parameters.filter(([name]) => name === 'boundary').map(([, value]) => value),
    );
    if (new Set(declared).size > 1) this.doubts.boundaries = true;
    const chosen =
      this.#reading === 'loose' ? declared : declared.slice(...(this.#reading === 'last' ? [-1] : [0, 1]));
    for (const boundary of chosen) if (!this.#boundaries.push(boundary)) this.#tooDeep = true;
    if (declared.length === 0) this.doubts.delimiters = true;
  }

  async #header(from: number): Promise<Header> {
    const { window, context } = this.#place;
    const fields = new Fields();
    let odd: { readonly at: number; readonly fields: number } | null = null;
    for (let at = from, lines = 0; ; lines++) {
      if (lines % 1024 === 0) context.signal.throwIfAborted();
      const line = await lineAt(window, at);
      if (line === null) return { fields, bodies: odd === null ? [] : [odd.at], delimiter: null };
      if (line.text.trim() === '' && (from > 0 || fields.count > 0 || odd !== null)) {
        const bodies =
          odd === null || odd.fields === fields.count ? [odd?.at ?? line.next] : [odd.at, line.next];
        return { fields, bodies, delimiter: null };
      }
      if (line.text.startsWith('--')) {
        const delimiter = await this.#delimiterAt(at, at);
        if (delimiter !== null) return { fields, bodies: odd === null ? [] : [odd.at], delimiter };
      }
      if (line.text.trim() !== '' && !fields.take(line.text)) {
        // Some programs take this for the body, others for a damaged header that goes on.
        odd ??= { at, fields: fields.count };
        if (fields.count === 0) return { fields, bodies: [at], delimiter: null };
      }
      at = line.next;
    }
  }

  /** The next line that is a delimiter, at or behind `from`, where a line begins. */
  async #delimiter(from: number): Promise<Found | null> {
    const { window, context } = this.#place;
    for (let at = from; at < window.size;) {
      context.signal.throwIfAborted();
      const base = Math.max(from, at - 1);
      const piece = await window.ahead(base);
      const hit = this.#candidate(piece, at - base);
      if (hit < 0) {
        if (base + piece.length >= window.size) return null;
        at = base + piece.length - 1;
        continue;
      }
      const found = await this.#delimiterAt(base + hit, from);
      if (found !== null) return found;
      at = base + hit + 2;
    }
    return null;
  }

  /** The next place that needs a closer look: a line that begins with `--` and is not certainly something else. */
  #candidate(piece: Buffer, from: number): number {
    for (
      let hit = piece.indexOf('--', from, 'latin1');
      hit >= 0;
      hit = piece.indexOf('--', hit + 2, 'latin1')
    ) {
      if (hit > 0 && piece[hit - 1] !== 10 && piece[hit - 1] !== 13) continue;
      const end = piece.indexOf(10, hit);
      if (end < 0 || end + 1 >= piece.length || end - hit > MAX_DELIMITER) return hit;
      const text = piece.toString('latin1', hit + 2, end).trimEnd();
      if (/[\0\r]/.test(text) || this.#boundaries.match(text) !== null) return hit;
      if (this.#reading !== 'loose' && this.doubts.delimiters) continue;
      const next = piece[end + 1];
      if (next === 0x43 || next === 0x63 || this.#boundaries.matchLoosely(text) !== null) return hit;
    }
    return -1;
  }

  /** The line at `at` begins with `--`. `from`: what lies before is not part of the body. */
  async #delimiterAt(at: number, from: number): Promise<Found | null> {
    const { window } = this.#place;
    const line = (await window.slice(at, MAX_DELIMITER)).toString('latin1');
    const text = (/^[^\r\n]*/.exec(line)?.[0] ?? '').slice(2).replaceAll('\0', '');
    const loneCr = await this.#followsLoneCr(at, from);
    const exact = this.#boundaries.match(text);
    const delimiter = exact !== null && !loneCr ? exact : await this.#nearly(text, at, exact);
    if (delimiter === null) return null;
    const next = (await lineAt(window, at))?.next ?? window.size;
    const before = await window.slice(Math.max(from, at - 2), Math.min(2, at - from));
    const marks = before.at(-1) === 10 && before.at(-2) === 13 ? 2 : Math.min(1, before.length);
    return { ...delimiter, start: at - marks, next };
  }

  async #followsLoneCr(at: number, from: number): Promise<boolean> {
    return at > from && (await this.#place.window.slice(at - 1, 1))[0] === 13;
  }

  /** What only a loose reading takes for a delimiter; the strict one notes that there is something. */
  async #nearly(text: string, at: number, exact: Delimiter | null): Promise<Delimiter | null> {
    const nearly = exact ?? this.#boundaries.matchLoosely(text) ?? (await this.#undeclared(text, at));
    if (nearly === null) return null;
    this.doubts.delimiters = true;
    if (this.#reading !== 'loose') return null;
    this.#boundaries.push(nearly.boundary);
    return nearly;
  }

  /** A line that nobody declared, but with a part's header behind it. */
  async #undeclared(text: string, at: number): Promise<Delimiter | null> {
    const boundary = text.trimEnd();
    if (boundary === '' || boundary.startsWith('-----')) return null;
    const next = (await lineAt(this.#place.window, at))?.next ?? at;
    const follows = (await this.#place.window.slice(next, 64)).toString('latin1');
    return /^content-[a-z-]{1,40}[ \t]*:/i.test(follows) ? { boundary, closing: false } : null;
  }
}

function isMessage(type: string): boolean {
  return type === 'message/rfc822' || type === 'message/global' || type === 'message/news';
}

function isEncoded(fields: Fields): boolean {
  return fields.encodings.some((encoding) => !/^(?:7bit|8bit|binary|)$/.test(encoding));
}
