import { CENTRAL_BYTES, centralLength, parseCentral, SIGNATURE, type CentralHeader } from './headers.ts';
import type { Window } from './window.ts';

/** Where a directory lies, as one reading of an end record has it. */
export interface Place {
  readonly start: number;
  /** Where its end record begins: entries lie before. */
  readonly limit: number;
  /** What is added to the offsets of its entries: bytes in front of the archive. */
  readonly base: number;
  /** How many entries the end record counts. */
  readonly declared: number;
  /** The count has 8 bytes; else it may have wrapped at 65,536. */
  readonly wide: boolean;
}

/** One entry of the directory after the other, as long as there are any: nothing that counts them is trusted. */
export class DirectoryReader {
  readonly #window: Window;
  readonly #limit: number;
  position: number;

  constructor(window: Window, { start, limit }: Pick<Place, 'start' | 'limit'>) {
    this.#window = window;
    this.position = start;
    this.#limit = limit;
  }

  async next(): Promise<CentralHeader | null> {
    const block = await this.#block();
    const entry = block === null ? null : parseCentral(block);
    if (entry !== null) this.position += entry.bytes;
    return entry;
  }

  /** Passes over at most `max` entries without looking into them. */
  async skip(max: number): Promise<void> {
    for (let count = 0; count < max; count++) {
      const block = await this.#block();
      if (block === null) return;
      this.position += block.length;
    }
  }

  async #block(): Promise<Buffer | null> {
    if (this.position + CENTRAL_BYTES > this.#limit) return null;
    const length = centralLength(await this.#window.at(this.position, CENTRAL_BYTES));
    if (length === null || this.position + length > this.#limit) return null;
    const block = await this.#window.at(this.position, length);
    return block.length < length ? null : block;
  }

  /** The end of a digital signature behind the entries, or of the entries themselves. */
  async afterSignature(): Promise<number> {
    const block = await this.#window.at(this.position, 6);
    if (block.length < 6 || block.readUInt32LE(0) !== SIGNATURE.digital) return this.position;
    return Math.min(this.#limit, this.position + 6 + block.readUInt16LE(4));
  }
}
