import type { ByteReader } from '../byte-reader.ts';

/** What the lexer met. `hex`: the buffer of hex digits is full; `end`: of the file. */
export type Token = 'open' | 'close' | 'word' | 'star' | 'hex' | 'end';

/** A control word is at most 32 letters (RTF specification 1.9.1, "Control Word"); more are passed over. */
const MAX_WORD = 32;
const MAX_DIGITS = 10;
const OUT_BYTES = 32 * 1024;
const EMPTY = Buffer.alloc(0);

const CHAR = { open: 0x7b, close: 0x7d, backslash: 0x5c, minus: 0x2d, quote: 0x27, star: 0x2a, space: 0x20 };

/** Reads RTF in constant memory. While `collecting`, hex digits and binary data are put together into bytes. */
export class RtfLexer {
  /** Open groups. */
  depth = 0;
  word = '';
  /** The number behind the word; null without one. */
  parameter: number | null = null;
  collecting = false;
  /** Hex digits passed over while `ignoring`. */
  ignored = 0;
  ignoring = false;
  /** Binary data were announced that would reach beyond the end of the file; they were taken for none. */
  overlongBinary = false;
  readonly #reader: ByteReader;
  readonly #size: number;
  readonly #signal: AbortSignal;
  #binaryLeft = 0;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Of the first byte of the chunk, from the beginning of what is read. */
  #chunkStart = 0;
  #out: Buffer = Buffer.allocUnsafe(OUT_BYTES);
  #filled = 0;
  #half = -1;

  /** `size` of what the reader will bring, in bytes. Throws the signal's reason while it reads. */
  constructor(reader: ByteReader, size: number, signal: AbortSignal) {
    this.#reader = reader;
    this.#size = size;
    this.#signal = signal;
  }

  /** How many bytes were taken so far. */
  get position(): number {
    return this.#chunkStart + this.#at;
  }

  /** What was collected since the last call. */
  collected(): Buffer {
    const bytes = this.#out.subarray(0, this.#filled);
    this.#out = Buffer.allocUnsafe(OUT_BYTES);
    this.#filled = 0;
    return bytes;
  }

  /** A new object begins with a whole byte. */
  startByte(): void {
    this.#half = -1;
  }

  async next(): Promise<Token> {
    for (;;) {
      if (this.#filled === OUT_BYTES) return 'hex';
      if (await this.#binary()) continue;
      const byte = this.#chunk[this.#at++] ?? (await this.#refilled());
      if (byte === null) return 'end';
      if (byte === CHAR.open) {
        this.depth++;
        return 'open';
      }
      if (byte === CHAR.close) {
        this.depth--;
        return 'close';
      }
      if (byte !== CHAR.backslash) {
        this.#text(byte);
        this.#plainText();
        continue;
      }
      const token = await this.#control();
      if (token !== null) return token;
    }
  }

  /** Takes what is left of binary data from the chunk. False when it is all passed, or the file ends. */
  async #binary(): Promise<boolean> {
    if (this.#binaryLeft === 0) return false;
    if ((this.#chunk[this.#at++] ?? (await this.#refilled())) === null) {
      this.#binaryLeft = 0;
      return false;
    }
    this.#at--;
    const room = this.collecting ? OUT_BYTES - this.#filled : Infinity;
    const count = Math.min(this.#binaryLeft, this.#chunk.length - this.#at, room);
    if (this.collecting)
      this.#filled += this.#chunk.copy(this.#out, this.#filled, this.#at, this.#at + count);
    this.#at += count;
    this.#binaryLeft -= count;
    return true;
  }

  /** The rest of the chunk up to what is not text: nearly all of a large object. */
  #plainText(): void {
    const chunk = this.#chunk;
    for (; this.#at < chunk.length && this.#filled < OUT_BYTES; this.#at++) {
      const byte = chunk[this.#at] ?? 0;
      if (byte === CHAR.open || byte === CHAR.close || byte === CHAR.backslash) return;
      this.#text(byte);
    }
  }

  #text(byte: number): void {
    if (!this.collecting && !this.ignoring) return;
    const digit = hexDigit(byte);
    if (digit < 0) return;
    if (this.ignoring) this.ignored++;
    else if (this.#half < 0) this.#half = digit;
    else {
      this.#out[this.#filled++] = this.#half * 16 + digit;
      this.#half = -1;
    }
  }

  async #control(): Promise<Token | null> {
    const first = this.#chunk[this.#at++] ?? (await this.#refilled());
    if (first === null) return 'end';
    if (first === CHAR.star) return 'star';
    if (first === CHAR.quote) {
      // A character by its number, which is no data of an object.
      for (let i = 0; i < 2; i++) {
        const digit = this.#chunk[this.#at++] ?? (await this.#refilled());
        if (digit !== null && hexDigit(digit) < 0) {
          this.#at--;
          break;
        }
      }
      return null;
    }
    if (!isLetter(first)) return null;
    let word = String.fromCharCode(first);
    let byte = this.#chunk[this.#at++] ?? (await this.#refilled());
    for (; byte !== null && isLetter(byte); byte = this.#chunk[this.#at++] ?? (await this.#refilled())) {
      if (word.length < MAX_WORD) word += String.fromCharCode(byte);
    }
    this.word = word;
    await this.#number(byte);
    return 'word';
  }

  /** The number behind a word, and the one space that ends it. */
  async #number(first: number | null): Promise<void> {
    let byte = first;
    const negative = byte === CHAR.minus;
    if (negative) byte = this.#chunk[this.#at++] ?? (await this.#refilled());
    let digits = '';
    for (
      ;
      byte !== null && byte >= 0x30 && byte <= 0x39;
      byte = this.#chunk[this.#at++] ?? (await this.#refilled())
    ) {
      if (digits.length < MAX_DIGITS) digits += String.fromCharCode(byte);
    }
    this.parameter = digits === '' ? null : Number(digits) * (negative ? -1 : 1);
    if (byte !== null && byte !== CHAR.space) this.#at--;
    if (this.word !== 'bin' || this.parameter === null || this.parameter <= 0) return;
    if (this.parameter <= this.#size - this.position) this.#binaryLeft = this.parameter;
    else this.overlongBinary = true;
  }

  /** The first byte of the next chunk; null at the end. Waits only here, once a chunk and not once a byte. */
  async #refilled(): Promise<number | null> {
    for (;;) {
      this.#signal.throwIfAborted();
      const chunk = await this.#reader.next();
      this.#chunkStart += this.#chunk.length;
      this.#chunk = chunk ?? EMPTY;
      this.#at = 0;
      if (chunk === null) return null;
      if (chunk.length > 0) return this.#chunk[this.#at++] ?? null;
    }
  }
}

function isLetter(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
