import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../../bytes/index.ts';
import { Damaged, OverBudget } from '../trouble.ts';
import { ENCODINGS, type Pages } from './pages.ts';

/** Page numbers in a log: https://www.sqlite.org/fileformat2.html, 4.1 and 3. */
export interface LogLayout {
  readonly pageBytes: number;
  /** Where the first record begins. */
  readonly start: number;
  /** Of one record. */
  readonly recordBytes: number;
  /** Where its page begins in it; its number is its first four bytes. */
  readonly pageAt: number;
  /** Whether its second four bytes say that a transaction ends with it. */
  readonly commits: boolean;
}

const WAL_HEADER_BYTES = 32;
const WAL_MAGIC = 0x377f0682;
const FRAME_HEADER_BYTES = 24;
const JOURNAL_HEADER_BYTES = 28;
const CHECK_BYTES = 4;
/** Of a database's first page. */
const RESERVED_AT = 20;
const ENCODING_AT = 56;
const FIRST_PAGE_BYTES = 60;
/** Records of a transaction that are remembered, at about 100 bytes each. */
const MAX_PAGES = 1_000_000;
/** Pages in which records go on are read as often as they were logged, or a little more often. */
const FREE_FOLLOWED_BYTES = 64 * 1024 * 1024;
const FOLLOWED_TIMES = 4;
/** Records read before everything else gets its turn. */
const RECORDS_A_TURN = 2048;

/** Of a write-ahead log or a rollback journal. Throws Damaged. */
export async function logLayout(source: ByteSource): Promise<LogLayout> {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  await source.readAt(header, 0);
  const isWal = (header.readUInt32BE(0) & ~1) === WAL_MAGIC;
  const pageBytes = header.readUInt32BE(isWal ? 8 : 24);
  const sector = header.readUInt32BE(20);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0)
    throw new Damaged(`pages of ${pageBytes} bytes, which cannot be`);
  if (isWal) {
    const recordBytes = FRAME_HEADER_BYTES + pageBytes;
    return { pageBytes, start: WAL_HEADER_BYTES, recordBytes, pageAt: FRAME_HEADER_BYTES, commits: true };
  }
  const start = sector >= JOURNAL_HEADER_BYTES && sector <= 65_536 ? sector : 512;
  return { pageBytes, start, recordBytes: 4 + pageBytes + CHECK_BYTES, pageAt: 4, commits: false };
}

export interface LoggedPage {
  readonly number: number;
  /** Where its bytes begin in the file. */
  readonly at: number;
}

/** The pages as one transaction leaves them: those that the log holds, the newest of each. */
export class LoggedPages implements Pages {
  readonly pageBytes: number;
  usable: number;
  encoding: Pages['encoding'] = 'utf-8';
  readonly #source: ByteSource;
  readonly #newest = new Map<number, number>();
  #logged = 0;
  #followed = 0;
  readonly #buffer: Buffer;

  constructor(source: ByteSource, { pageBytes }: LogLayout) {
    this.#source = source;
    this.pageBytes = pageBytes;
    this.usable = pageBytes;
    this.#buffer = Buffer.alloc(pageBytes);
  }

  /** False: more pages than can be remembered. */
  async set({ number, at }: LoggedPage): Promise<boolean> {
    if (this.#newest.size >= MAX_PAGES && !this.#newest.has(number)) return false;
    this.#newest.set(number, at);
    this.#logged++;
    if (number !== 1) return true;
    const head = Buffer.alloc(FIRST_PAGE_BYTES);
    await this.#source.readAt(head, at);
    if (head.toString('latin1', 0, 6) !== 'SQLite') return true;
    this.usable = Math.max(480, this.pageBytes - head.readUInt8(RESERVED_AT));
    this.encoding = ENCODINGS[head.readUInt32BE(ENCODING_AT)] ?? 'utf-8';
    return true;
  }

  /** Where the newest of that page lies; null: the log has none. */
  placeOf(number: number): number | null {
    return this.#newest.get(number) ?? null;
  }

  /** Throws OverBudget. */
  async page(number: number): Promise<Buffer | null> {
    const at = this.#newest.get(number);
    if (at === undefined) return null;
    const bytes = ++this.#followed * this.pageBytes;
    if (bytes > FREE_FOLLOWED_BYTES + FOLLOWED_TIMES * this.#logged * this.pageBytes)
      throw new OverBudget(`many records go on in the same pages: ${bytes} bytes of them were read`);
    return this.at(at);
  }

  /** Valid until the next call. */
  async at(at: number): Promise<Buffer | null> {
    const got = await this.#source.readAt(this.#buffer, at);
    return got < this.pageBytes ? null : this.#buffer;
  }

  get longestChain(): number {
    return this.#newest.size;
  }

  /** Versions of one page may go on in the same pages; that a chain leads in a circle shows by its length. */
  take(number: number): boolean {
    return this.#newest.has(number);
  }
}

/** Transactions of the log, each with the pages that it holds, in their order; the last may not have ended. */
export async function* transactionsOf(
  source: ByteSource,
  layout: LogLayout,
  signal: AbortSignal,
): AsyncGenerator<LoggedPage[], void, undefined> {
  const { start, recordBytes, pageAt, commits } = layout;
  const head = Buffer.alloc(8);
  let pages: LoggedPage[] = [];
  let records = 0;
  for (let at = start; at + pageAt + layout.pageBytes <= source.size; at += recordBytes) {
    if (++records % RECORDS_A_TURN === 0) await setImmediate();
    signal.throwIfAborted();
    // What is a hole has no page: the next record that has a byte follows.
    const run = source.nextRun === undefined ? { start: at } : source.nextRun(at);
    if (run === null) break;
    at = Math.max(at, start + Math.floor((run.start - start) / recordBytes) * recordBytes);
    if (at + pageAt + layout.pageBytes > source.size) break;
    await source.readAt(head, at);
    const number = head.readUInt32BE(0);
    if (number > 0) pages.push({ number, at: at + pageAt });
    if ((commits && head.readUInt32BE(4) !== 0) || pages.length >= MAX_PAGES) {
      yield pages;
      pages = [];
    }
  }
  if (pages.length > 0) yield pages;
}
