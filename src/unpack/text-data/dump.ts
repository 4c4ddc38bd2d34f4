import type { ByteReader } from '../byte-reader.ts';

// What xxd, hexdump, od and debuggers print: lines of an address, bytes in hexadecimal digits, and often the same as text.

/** A line of an address, and of what may be bytes. */
const LINE = /^[ \t]{0,8}([0-9a-f]{4,16})[:\-h]?[ \t]{1,4}([0-9a-f][^\r\n]*)$/i;
/** `hexdump` and `xxd -a` leave out lines that repeat the one before. */
const REPEATED = /^[ \t]*\*[ \t]*$/;
/** One byte, a word as od and hexdump print it, or several bytes together as xxd does. */
const GROUP = /^([0-9a-f]{2,16})(?:[ \t]{1,3}|-(?=[0-9a-f])|$)/i;
/** All of them have 16, or 8 or 32 when they are asked to. */
const WIDTHS: readonly number[] = [8, 16, 32];
/** Address of the second line of most dumps. */
const USUAL_SECOND = '10';
/** Longer lines are none of a dump. */
const LINE_BYTES = 256;
/** So much of a text may hold the beginning of one. */
export const DUMP_BYTES = 3 * LINE_BYTES;
const WINDOW_BYTES = 16 * 1024;
/** Zeros that one `*` may stand for: a dump of a few lines may say that it is one of an empty disk. */
const MOST_REPEATED = 1024 * 1024;
/** Every dump of a whole file begins so. */
const FIRST_ADDRESS = '0000';
const BEHIND_ADDRESS = Buffer.from(': -h\t');

interface Shape {
  readonly width: number;
  /** Of the addresses. */
  readonly radix: 8 | 16;
  /** Bytes of a word stand in the order of a little-endian machine. */
  readonly swapped: boolean;
}

/** Where a dump begins, from `from` on; -1: nowhere. */
export function findDump(piece: Buffer, from: number): number {
  let at = piece.indexOf(FIRST_ADDRESS, from, 'latin1');
  for (; at >= 0; at = piece.indexOf(FIRST_ADDRESS, at + 1, 'latin1')) {
    const start = lineStart(piece, at);
    if (
      start >= from &&
      isAddress(piece, at) &&
      shapeOf(piece.toString('latin1', start, start + DUMP_BYTES)) !== null
    )
      return start;
  }
  return -1;
}

/** -1: something else stands before it in its line. */
function lineStart(piece: Buffer, at: number): number {
  let start = at;
  while (start > 0 && at - start < 8 && (piece[start - 1] === 0x20 || piece[start - 1] === 0x09)) start--;
  return start === 0 || piece[start - 1] === 0x0a || piece[start - 1] === 0x0d ? start : -1;
}

/** A number of as many digits as an address has, and no more of them. */
function isAddress(piece: Buffer, at: number): boolean {
  let end = at;
  while (end - at <= 16 && piece[end] === 0x30) end++;
  return BEHIND_ADDRESS.includes(piece[end] ?? 0);
}

/** By its first two lines, whose addresses tell how many bytes each has; null: it is no dump. */
function shapeOf(text: string): Shape | null {
  const [one = '', two = ''] = text.split(/\r?\n/, 2);
  const first = LINE.exec(one);
  const next = REPEATED.test(two) ? USUAL_SECOND : LINE.exec(two)?.[1];
  if (first === null || next === undefined || Number.parseInt(first[1] ?? '', 16) !== 0) return null;
  for (const radix of [16, 8] as const) {
    const width = Number.parseInt(next, radix);
    if (!WIDTHS.includes(width)) continue;
    const { bytes, isWords, behind } = bytesOf(first[2] ?? '', width);
    // What prints the text as well prints the bytes in their order.
    if (bytes.length === width) return { width, radix, swapped: isWords && behind === '' };
  }
  return null;
}

/** The bytes of a line, whether they are in groups of four digits, and what stands behind them. */
function bytesOf(
  text: string,
  most: number,
): { readonly bytes: Buffer; readonly isWords: boolean; readonly behind: string } {
  let digits = '';
  let isWords = true;
  let behind = text;
  while (digits.length < 2 * most) {
    const [all = '', found = ''] = GROUP.exec(behind) ?? [];
    if (found === '' || found.length % 2 !== 0) break;
    isWords &&= found.length === 4;
    digits += found;
    behind = behind.slice(all.length);
  }
  return { bytes: Buffer.from(digits.slice(0, 2 * most), 'hex'), isWords, behind: behind.trim() };
}

/** What the lines at the reader's place stand for; what follows them stays in the reader. */
export async function* dumpOf(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const shape = shapeOf((await reader.peek(DUMP_BYTES)).toString('latin1', 0, DUMP_BYTES));
  if (shape === null) return;
  const lines = new Lines(shape);
  for (;;) {
    const ahead = await reader.peek(WINDOW_BYTES);
    const isAll = ahead.length < WINDOW_BYTES;
    const text = ahead.toString('latin1', 0, WINDOW_BYTES);
    let used = 0;
    const out: Buffer[] = [];
    while (used < text.length && !lines.ended) {
      const end = text.indexOf('\n', used);
      if (end < 0 && !isAll) break;
      const line = text.slice(used, end < 0 ? text.length : end).replace(/\r$/, '');
      const bytes = lines.next(line);
      if (bytes === null) break;
      out.push(bytes);
      used = end < 0 ? text.length : end + 1;
    }
    await reader.skip(used);
    const whole = Buffer.concat(out);
    if (whole.length > 0) yield whole;
    if (lines.ended || used === 0 || isAll) return;
  }
}

/** The first bytes that they stand for. */
export function dumpHead(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const shape = shapeOf(text);
  if (shape === null) return Buffer.alloc(0);
  const lines = new Lines(shape);
  const out: Buffer[] = [];
  // The last one may be cut off.
  for (const line of text.split(/\r?\n/).slice(0, -1)) {
    const read = lines.next(line);
    if (read === null) break;
    out.push(read);
  }
  return Buffer.concat(out);
}

class Lines {
  readonly #shape: Shape;
  #address = 0;
  #last: Buffer = Buffer.alloc(0);
  #repeats = false;
  /** The last line has been read: it is shorter than the others, or has only an address. */
  ended = false;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  /** The bytes of the next line, and of those that were left out before it; null: it is none. */
  next(line: string): Buffer | null {
    if (REPEATED.test(line) && this.#last.length > 0) {
      this.#repeats = true;
      return Buffer.alloc(0);
    }
    const { width, radix, swapped } = this.#shape;
    const [, written, text] = LINE.exec(line) ?? [];
    // The last address stands alone.
    const address = Number.parseInt(written ?? /^[0-9a-f]{4,16}$/i.exec(line)?.[0] ?? '', radix);
    if (Number.isNaN(address)) return null;
    const missing = address - this.#address;
    if (missing !== 0 && !(this.#repeats && missing > 0 && missing <= MOST_REPEATED)) return null;
    const before = this.#repeats ? Buffer.alloc(missing, this.#last) : Buffer.alloc(0);
    this.#repeats = false;
    const bytes = text === undefined ? Buffer.alloc(0) : bytesOf(text, width).bytes;
    if (swapped && bytes.length % 2 === 0) bytes.swap16();
    this.#last = bytes;
    this.#address = address + bytes.length;
    this.ended = bytes.length < width;
    return Buffer.concat([before, bytes]);
  }
}
