import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  BAD,
  FLAGS_AT,
  GOOD,
  HASH_BYTES,
  INDEX_BYTES,
  MAX_LABEL_BYTES,
  NAME_AT,
  NAME_PLACE_BYTES,
  NAMES_FILE,
  PREFIXES,
  RECORD_BYTES,
  RECORDS_FILE,
  unpackLabel,
  type Label,
} from './record.ts';

/** What is known of one hash. */
export interface Known {
  readonly bad: boolean;
  readonly good: boolean;
  /** Of the first bad list that has it, else of the first good one. */
  readonly label: Label;
}

/** Records that are read at once: a page or so. */
const BLOCK = 100;

/**
 * A table that build-table.ts made. Only its index (256 KiB) is in memory, however many hashes there are; a look-up reads one
 * block of it, which the system keeps for all processes that look.
 */
export class HashTable {
  readonly #records: number;
  readonly #names: number;
  readonly #index: Uint32Array;
  readonly #block = Buffer.allocUnsafeSlow(BLOCK * RECORD_BYTES);

  /** Throws what `open` throws, and RangeError for files that are no whole table. */
  constructor(folder: string) {
    this.#records = openSync(join(folder, RECORDS_FILE), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      this.#names = openSync(join(folder, NAMES_FILE), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      closeSync(this.#records);
      throw error;
    }
    const index = new Uint8Array(INDEX_BYTES);
    const got = readSync(this.#records, index, 0, INDEX_BYTES, 0);
    this.#index = new Uint32Array(index.buffer);
    const { size } = fstatSync(this.#records);
    if (got === INDEX_BYTES && size === INDEX_BYTES + (this.#index[PREFIXES] ?? 0) * RECORD_BYTES) return;
    this.close();
    throw new RangeError('the table of known hashes is damaged');
  }

  /** Throws what `read` throws. */
  find(sha256: Buffer): Known | null {
    const prefix = sha256.readUInt16BE(0);
    let low = this.#index[prefix] ?? 0;
    let high = this.#index[prefix + 1] ?? 0;
    // A block holds what two bytes leave of 6 million hashes; of more, or of chosen ones, halves are left out first.
    while (high - low > BLOCK) {
      const middle = (low + high) >>> 1;
      this.#read(middle, 1);
      const order = this.#block.compare(sha256, 0, HASH_BYTES, 0, HASH_BYTES);
      if (order === 0) return this.#known(0);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    if (low === high) return null;
    this.#read(low, high - low);
    let first = 0;
    let end = high - low;
    while (first < end) {
      const middle = (first + end) >>> 1;
      const at = middle * RECORD_BYTES;
      const order = this.#block.compare(sha256, 0, HASH_BYTES, at, at + HASH_BYTES);
      if (order === 0) return this.#known(at);
      if (order < 0) first = middle + 1;
      else end = middle;
    }
    return null;
  }

  close(): void {
    closeSync(this.#records);
    closeSync(this.#names);
  }

  #read(record: number, count: number): void {
    const wanted = count * RECORD_BYTES;
    const at = INDEX_BYTES + record * RECORD_BYTES;
    if (readSync(this.#records, this.#block, 0, wanted, at) !== wanted) {
      throw new RangeError('the table of known hashes was cut short');
    }
  }

  #known(at: number): Known {
    const flags = this.#block[at + FLAGS_AT] ?? 0;
    const place = this.#block.readUIntLE(at + NAME_AT, NAME_PLACE_BYTES);
    const bytes = Buffer.alloc(MAX_LABEL_BYTES);
    readSync(this.#names, bytes, 0, bytes.length, place);
    return { bad: (flags & BAD) !== 0, good: (flags & GOOD) !== 0, label: unpackLabel(bytes) };
  }
}
