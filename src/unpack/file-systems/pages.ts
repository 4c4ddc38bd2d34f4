import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../../bytes/index.ts';

/** Structures lie close together: one read brings the next ones along. 8 MiB are kept. */
const PAGE_BYTES = 64 * 1024;
const KEPT_PAGES = 128;
/** What is kept is there at once: after so many reads in a row everything else gets its turn, such as whoever stops this. */
const READS_A_TURN = 2048;

/** Reads the small structures of a file system through the pages that were read last. */
export class Pages {
  readonly #source: ByteSource;
  /** The one that was used last stands last. Pages are never written again: who holds a part of one may keep it. */
  readonly #kept = new Map<number, Buffer>();
  #reads = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The bytes of [position, position + count), not to be changed; fewer where the source ends. */
  async read(position: number, count: number): Promise<Buffer> {
    const end = Math.min(this.#source.size, position + count);
    if (++this.#reads % READS_A_TURN === 0) await setImmediate();
    if (!(position >= 0 && position < end)) return Buffer.alloc(0);
    const first = Math.floor(position / PAGE_BYTES);
    const last = Math.floor((end - 1) / PAGE_BYTES);
    const from = first * PAGE_BYTES;
    if (first === last) return (await this.#page(first)).subarray(position - from, end - from);
    if (last - first > 1) return this.#copy(position, end - position);
    const both = Buffer.concat([await this.#page(first), await this.#page(last)]);
    return both.subarray(position - from, end - from);
  }

  async #page(index: number): Promise<Buffer> {
    let page = this.#kept.get(index);
    if (page === undefined) page = await this.#copy(index * PAGE_BYTES, PAGE_BYTES);
    else this.#kept.delete(index);
    this.#kept.set(index, page);
    if (this.#kept.size > KEPT_PAGES) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    return page;
  }

  async #copy(position: number, count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.min(count, this.#source.size - position));
    return bytes.subarray(0, await this.#source.readAt(bytes, position));
  }
}
