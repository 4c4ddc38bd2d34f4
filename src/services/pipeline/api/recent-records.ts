import type { JournalRecord } from '../../../domain/index.ts';
import type { Journal } from '../../../store/index.ts';

/** Records that are kept for whoever follows: at most so many, and so many bytes of their lines. */
const MAX_RECORDS = 1000;
const MAX_BYTES = 4 * 1024 * 1024;
const PAGE = 200;

/** The end of the journal in memory, so that many who follow it do not all read the store. */
export class RecentRecords {
  readonly #journal: Journal;
  #ring: JournalRecord[] = [];
  #bytes = 0;
  #head = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** The number of the last record that was seen. */
  get head(): number {
    return this.#head;
  }

  /** Forgets, and begins at the journal's end. */
  async begin(): Promise<void> {
    this.#ring = [];
    this.#bytes = 0;
    this.#head = (await this.#journal.head()).seq;
  }

  /** Takes over what was appended since; true when there was something. */
  async refresh(): Promise<boolean> {
    const { seq } = await this.#journal.head();
    if (seq <= this.#head) return false;
    for (;;) {
      const page = await this.#journal.read({ after: this.#head, limit: PAGE });
      for (const record of page) {
        this.#ring.push(record);
        this.#bytes += record.line.length;
        this.#head = record.seq;
      }
      let surplus = 0;
      while (this.#ring.length - surplus > MAX_RECORDS || this.#bytes > MAX_BYTES) {
        this.#bytes -= this.#ring[surplus]?.line.length ?? this.#bytes;
        surplus++;
      }
      if (surplus > 0) this.#ring.splice(0, surplus);
      if (page.length < PAGE) return true;
    }
  }

  /** Up to `limit` records after that one; from the store where they are no longer in memory. */
  async after(seq: number, limit: number): Promise<readonly JournalRecord[]> {
    if (seq >= this.#head) return [];
    const first = this.#ring[0]?.seq ?? Infinity;
    if (seq + 1 < first) return this.#journal.read({ after: seq, limit });
    const at = seq + 1 - first;
    return this.#ring.slice(at, at + limit);
  }
}
