import { PdfName, PdfString } from './values.ts';

/** `[`, `]`, `<<`, `>>`, `obj`, `R`, `true` …: everything that is neither a number nor a name nor a string. */
export class PdfWord {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type PdfToken = number | PdfName | PdfString | PdfWord;

/** Words that mean something are shorter; a longer one is junk of which this much is kept. */
const MAX_WORD = 64;

const WHITE = 1;
const DELIMITER = 2;
/** ISO 32000-1, 7.2.2, tables 1 and 2. */
const CLASS = new Uint8Array(256);
for (const byte of [0, 9, 10, 12, 13, 32]) CLASS[byte] = WHITE;
for (const byte of Buffer.from('()<>[]{}/%')) CLASS[byte] = DELIMITER;

export function isWhite(byte: number | undefined): boolean {
  return byte !== undefined && CLASS[byte] === WHITE;
}

/** Cuts bytes of a PDF into tokens, one pass, nothing looked at twice. */
export class Lexer {
  readonly #bytes: Buffer;
  /** Where the next token is looked for. */
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** null when the bytes end before the token certainly does. */
  next(): PdfToken | null {
    const bytes = this.#bytes;
    this.skipBlank();
    const byte = bytes[this.at];
    if (byte === undefined) return null;
    const after = bytes[this.at + 1];
    switch (byte) {
      case 0x28:
        return this.#literal();
      case 0x3c:
        if (after === undefined) return null;
        return after === 0x3c ? this.#mark(2) : this.#hex();
      case 0x3e:
        return this.#mark(after === 0x3e ? 2 : 1);
      case 0x5b:
      case 0x5d:
      case 0x7b:
      case 0x7d:
      case 0x29:
        return this.#mark(1);
      case 0x2f:
        return this.#name();
      default:
        return this.#word();
    }
  }

  /** White space and comments. */
  skipBlank(): void {
    const bytes = this.#bytes;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at];
      if (byte === 0x25) while (this.at < bytes.length && !isLineEnd(bytes[this.at])) this.at++;
      else if (!isWhite(byte)) return;
    }
  }

  #mark(length: number): PdfWord {
    const text = this.#bytes.toString('latin1', this.at, this.at + length);
    this.at += length;
    return new PdfWord(text);
  }

  #regularEnd(from: number): number {
    let end = from;
    while (end < this.#bytes.length && CLASS[this.#bytes[end] ?? 0] === 0) end++;
    return end;
  }

  #name(): PdfName | null {
    const end = this.#regularEnd(this.at + 1);
    if (end === this.#bytes.length) return null;
    const raw = this.#bytes.toString('latin1', this.at + 1, Math.min(end, this.at + 1 + MAX_WORD * 4));
    this.at = end;
    return new PdfName(
      raw.includes('#')
        ? raw.replace(/#([0-9A-Fa-f]{2})/g, (_match, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          )
        : raw,
    );
  }

  #word(): PdfWord | number | null {
    const end = this.#regularEnd(this.at);
    if (end === this.#bytes.length) return null;
    const text = this.#bytes.toString('latin1', this.at, Math.min(end, this.at + MAX_WORD));
    this.at = end;
    const first = text.charCodeAt(0);
    const numeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e;
    const number = numeric ? Number(text) : Number.NaN;
    return Number.isNaN(number) ? new PdfWord(text) : number;
  }

  #hex(): PdfString | null {
    const end = this.#bytes.indexOf(0x3e, this.at);
    if (end < 0) {
      this.at = this.#bytes.length;
      return null;
    }
    const digits = this.#bytes.toString('latin1', this.at + 1, end).replace(/[^0-9A-Fa-f]/g, '');
    this.at = end + 1;
    return new PdfString(Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex'));
  }

  /** ISO 32000-1, 7.3.4.2. */
  #literal(): PdfString | null {
    const bytes = this.#bytes;
    const out: number[] = [];
    let depth = 0;
    for (let at = this.at; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === 0x28 && depth++ === 0) continue;
      if (byte === 0x29 && --depth === 0) {
        this.at = at + 1;
        return new PdfString(Buffer.from(out));
      }
      if (byte === 0x5c) at = escape(bytes, at + 1, out);
      else out.push(byte);
    }
    this.at = bytes.length;
    return null;
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13;
}

const ESCAPES: Readonly<Record<number, number>> = { 0x6e: 10, 0x72: 13, 0x74: 9, 0x62: 8, 0x66: 12 };

/** What stands behind a backslash; returns where its last byte is. */
function escape(bytes: Buffer, at: number, out: number[]): number {
  const byte = bytes[at] ?? 0;
  if (byte === 13) return bytes[at + 1] === 10 ? at + 1 : at;
  if (byte === 10) return at;
  if (!isOctal(byte)) {
    out.push(ESCAPES[byte] ?? byte);
    return at;
  }
  let value = 0;
  let end = at;
  for (; end < at + 3 && isOctal(bytes[end]); end++) value = value * 8 + (bytes[end] ?? 0) - 0x30;
  out.push(value & 0xff);
  return end - 1;
}

function isOctal(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37;
}
