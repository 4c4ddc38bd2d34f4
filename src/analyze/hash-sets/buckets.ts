import { readSync, writeSync } from 'node:fs';
import { FLAGS_AT, HASH_BYTES, BAD, RECORD_BYTES } from './record.ts';

/** One for each first byte of a hash. */
const BUCKETS = 256;
/** Records of one bucket that are collected before they are written together: 4 MiB for all. */
const COLLECTED = 400;
/**
 * Records of one bucket, in the 20 bits that are left of a number beside 32 bits of hash. SHA-256 spreads evenly: with fewer
 * than 200 million hashes only a list that somebody made up comes here.
 */
const MAX_IN_BUCKET = 2 ** 20;

/**
 * Sorts records that do not fit into memory: collected by their first byte in one file, each bucket then sorted by itself. Holds
 * 4 MiB, and one bucket (16 MB at 100 million hashes).
 */
export class Buckets {
  readonly #file: number;
  #end = 0;
  readonly #collected = Buffer.allocUnsafeSlow(BUCKETS * COLLECTED * RECORD_BYTES);
  readonly #filled = new Uint32Array(BUCKETS);
  readonly #counts = new Uint32Array(BUCKETS);
  /** Where what was written lies, in the order of writing: all runs are COLLECTED records long. */
  readonly #runs: number[][] = Array.from({ length: BUCKETS }, () => []);

  /** `file` is open for writing and reading, empty, and the caller's to close. */
  constructor(file: number) {
    this.#file = file;
  }

  /** Copies it. Throws RangeError when too many begin with the same byte. */
  add(record: Buffer): void {
    const bucket = record[0] ?? 0;
    if ((this.#counts[bucket] ?? 0) >= MAX_IN_BUCKET) {
      throw new RangeError(
        `more than ${MAX_IN_BUCKET} hashes begin with the same byte: that is no list of SHA-256`,
      );
    }
    let filled = this.#filled[bucket] ?? 0;
    const base = bucket * COLLECTED * RECORD_BYTES;
    record.copy(this.#collected, base + filled * RECORD_BYTES);
    filled++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (filled === COLLECTED) {
      const bytes = COLLECTED * RECORD_BYTES;
      writeAll(this.#file, this.#collected.subarray(base, base + bytes), this.#end);
      this.#runs[bucket]?.push(this.#end);
      this.#end += bytes;
      filled = 0;
    }
    this.#filled[bucket] = filled;
  }

  /** Every bucket's records, sorted and each hash once, its flags joined. The buffer is the caller's until the next. */
  *sorted(): Generator<Buffer, void, undefined> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if ((this.#counts[bucket] ?? 0) > 0) yield sortRecords(this.#take(bucket));
    }
  }

  #take(bucket: number): Buffer {
    const all = Buffer.allocUnsafeSlow((this.#counts[bucket] ?? 0) * RECORD_BYTES);
    let filled = 0;
    for (const run of this.#runs[bucket] ?? []) {
      filled += readSync(this.#file, all, filled, COLLECTED * RECORD_BYTES, run);
    }
    const base = bucket * COLLECTED * RECORD_BYTES;
    this.#collected.copy(all, filled, base, base + (this.#filled[bucket] ?? 0) * RECORD_BYTES);
    return all;
  }
}

/**
 * Sorted by hash; of one that is there several times, the first that is bad stays, else the first. Four bytes behind the common
 * first one and the record's number make one exact number (52 of its 53 bits): those sort natively.
 */
function sortRecords(records: Buffer): Buffer {
  const count = records.length / RECORD_BYTES;
  const keys = new Float64Array(count);
  for (let n = 0; n < count; n++) keys[n] = records.readUInt32BE(n * RECORD_BYTES + 1) * MAX_IN_BUCKET + n;
  keys.sort();
  const sorted = Buffer.allocUnsafeSlow(records.length);
  let kept = 0;
  for (let n = 0; n < count;) {
    const head = Math.floor((keys[n] ?? 0) / MAX_IN_BUCKET);
    let end = n + 1;
    while (end < count && Math.floor((keys[end] ?? 0) / MAX_IN_BUCKET) === head) end++;
    const alike = Array.from(keys.subarray(n, end), (key) => (key % MAX_IN_BUCKET) * RECORD_BYTES);
    if (alike.length > 1) alike.sort((a, b) => order(records, a, records, b) || a - b);
    for (const at of alike) {
      const before = (kept - 1) * RECORD_BYTES;
      if (kept === 0 || order(records, at, sorted, before) !== 0) {
        records.copy(sorted, kept * RECORD_BYTES, at, at + RECORD_BYTES);
        kept++;
      } else join(records, at, sorted, before);
    }
    n = end;
  }
  return sorted.subarray(0, kept * RECORD_BYTES);
}

function join(from: Buffer, at: number, into: Buffer, before: number): void {
  const had = into[before + FLAGS_AT] ?? 0;
  const has = from[at + FLAGS_AT] ?? 0;
  // What is bad keeps the name under which it is bad.
  if ((had & BAD) === 0 && (has & BAD) !== 0) from.copy(into, before, at, at + RECORD_BYTES);
  into[before + FLAGS_AT] = had | has;
}

function order(one: Buffer, at: number, other: Buffer, where: number): number {
  return one.compare(other, where, where + HASH_BYTES, at, at + HASH_BYTES);
}

export function writeAll(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}
