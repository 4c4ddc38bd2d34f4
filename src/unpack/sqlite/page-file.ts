import type { ByteSource } from '../../bytes/index.ts';
import { Damaged } from '../trouble.ts';
import { ENCODINGS, type Pages } from './pages.ts';

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
/** Read at a time: pages that follow each other mostly lie so in the file. */
const WINDOW_BYTES = 128 * 1024;
/** Read at a time where they do not. */
const SCATTERED_BYTES = 16 * 1024;
/** Pages in one piece of the map of pages that were met. */
const PIECE_PAGES = 32_768;
/** The least that must be left of a page for its content (1.3.4). */
const LEAST_USABLE = 480;

/** A database as numbered pages, from 1: https://www.sqlite.org/fileformat2.html, 1.2 and 1.3. */
export class PageFile implements Pages {
  readonly #source: ByteSource;
  readonly pageBytes: number;
  /** Of each page, without what is reserved for extensions at its end. */
  readonly usable: number;
  /** Pages that the header says there are. */
  readonly declared: number;
  /** Pages that are wholly there, at most as many as declared. */
  readonly pages: number;
  readonly encoding: Pages['encoding'];
  /** No page is taken twice. */
  readonly longestChain = Infinity;
  readonly #window: Buffer;
  #windowAt = 0;
  #windowLength = 0;
  /** One bit a page, in pieces: a file may be nearly all hole. */
  readonly #taken = new Map<number, Uint8Array>();

  private constructor(source: ByteSource, header: Buffer) {
    const size = header.readUInt16BE(16);
    this.pageBytes = size === 1 ? 65_536 : size;
    if (this.pageBytes < 512 || (this.pageBytes & (this.pageBytes - 1)) !== 0) {
      throw new Damaged(`pages of ${size} bytes, which cannot be`);
    }
    this.usable = this.pageBytes - header.readUInt8(20);
    if (this.usable < LEAST_USABLE) throw new Damaged('pages with no room for content');
    const there = Math.floor(source.size / this.pageBytes);
    // The number is only kept by versions that also write the change counter a second time (1.3.7).
    const kept = header.readUInt32BE(28) !== 0 && header.readUInt32BE(24) === header.readUInt32BE(92);
    this.declared = kept ? header.readUInt32BE(28) : there;
    this.pages = Math.min(there, this.declared);
    this.encoding = ENCODINGS[header.readUInt32BE(56)] ?? 'utf-8';
    this.#source = source;
    this.#window = Buffer.allocUnsafeSlow(Math.max(WINDOW_BYTES, this.pageBytes));
  }

  /** Throws Damaged. */
  static async open(source: ByteSource): Promise<PageFile> {
    const header = Buffer.alloc(HEADER_BYTES);
    const got = await source.readAt(header, 0);
    if (got < HEADER_BYTES || header.toString('latin1', 0, 16) !== MAGIC) {
      throw new Damaged('no header of an SQLite database');
    }
    return new PageFile(source, header);
  }

  /** The page's bytes, valid until the next call; null: there is no such page. */
  async page(number: number): Promise<Buffer | null> {
    if (!this.#has(number)) return null;
    const start = (number - 1) * this.pageBytes;
    const end = start + this.pageBytes;
    if (start < this.#windowAt || end > this.#windowAt + this.#windowLength) {
      const ahead = start === this.#windowAt + this.#windowLength ? WINDOW_BYTES : SCATTERED_BYTES;
      this.#windowLength = 0;
      const window = this.#window.subarray(0, Math.max(ahead, this.pageBytes));
      this.#windowLength = await this.#source.readAt(window, start);
      this.#windowAt = start;
      if (this.#windowLength < this.pageBytes) return null;
    }
    const at = start - this.#windowAt;
    return this.#window.subarray(at, at + this.pageBytes);
  }

  /** Every page has one place in the file's structure. False: it has been met before, or there is none. */
  take(number: number): boolean {
    if (!this.#has(number)) return false;
    const piece = Math.floor(number / PIECE_PAGES);
    const bits = this.#taken.get(piece) ?? new Uint8Array(PIECE_PAGES / 8);
    this.#taken.set(piece, bits);
    const at = (number % PIECE_PAGES) >> 3;
    const bit = 1 << (number & 7);
    const before = bits[at] ?? 0;
    bits[at] = before | bit;
    return (before & bit) === 0;
  }

  #has(number: number): boolean {
    return Number.isInteger(number) && number >= 1 && number <= this.pages;
  }
}
