import { Damaged } from '../trouble.ts';
import type { Cell } from './cells.ts';
import type { Pages } from './pages.ts';

const POINTER_BYTES = 4;

/** Nothing that is missing, but what somebody made. */
export class ChainInCircle extends Damaged {}

/** The bytes of one record in order, first from its page, then along its chain of overflow pages (1.6, last part). */
export class Payload {
  readonly #file: Pages;
  readonly #cell: Cell;
  /** The overflow page that comes next; 0: none. */
  #next: number;
  #followed = 0;
  /** What was read and not yet given. */
  #ready: Buffer;
  /** Bytes given so far. */
  position = 0;

  constructor(file: Pages, cell: Cell) {
    this.#file = file;
    this.#cell = cell;
    this.#ready = cell.local;
    this.#next = cell.overflow;
  }

  /** The bytes up to that place in the record; each is valid until the next is asked for. Throws Damaged. */
  async *upTo(end: number): AsyncGenerator<Buffer, void, undefined> {
    while (this.position < end) {
      if (this.#ready.length === 0) this.#ready = await this.#page();
      const part = this.#ready.subarray(0, end - this.position);
      this.#ready = this.#ready.subarray(part.length);
      this.position += part.length;
      yield part;
    }
  }

  /** A copy of them. */
  async take(end: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.upTo(end)) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  }

  async skip(end: number): Promise<void> {
    for await (const _ of this.upTo(end));
  }

  /** Goes to the end of the record; its last page must say that nothing follows. Throws Damaged. */
  async finish(): Promise<void> {
    await this.skip(this.#cell.size);
    if (this.#next !== 0) throw new Damaged('its chain of pages goes on behind its end');
  }

  async #page(): Promise<Buffer> {
    const number = this.#next;
    if (number === 0) throw new Damaged(`its chain of pages ends after ${this.position} bytes`);
    if (!this.#file.take(number)) {
      this.#next = 0;
      throw new Damaged(`its chain of pages leads to page ${number}, which is used elsewhere or not there`);
    }
    if (++this.#followed > this.#file.longestChain) {
      this.#next = 0;
      throw new ChainInCircle('its chain of pages leads in a circle');
    }
    const bytes = await this.#file.page(number);
    if (bytes === null) throw new Damaged(`its chain of pages leads to page ${number}, which is not there`);
    this.#next = bytes.readUInt32BE(0);
    const left = this.#cell.size - this.position;
    return bytes.subarray(POINTER_BYTES, Math.min(this.#file.usable, POINTER_BYTES + left));
  }
}
