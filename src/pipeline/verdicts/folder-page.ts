import type { BigIntStats } from 'node:fs';
import type { FileIdentity } from '../../intake/index.ts';

/**
 * Many files of one folder in one entry, in the order of their names: what a file's own entry says, for those of which there is
 * nothing to be said. One look, and one seal, for thousands of them.
 *
 *     16 bytes: who judged   1: more pages follow
 *     of each file: 2 the name's length, the name, 8 each: inode, size, mtime, ctime (ns), when it was examined (a double, ms
 *     since 1970), 4 artifacts, 32 SHA-256
 */
export interface PageRecord {
  readonly name: Buffer;
  readonly identity: Omit<FileIdentity, 'dev'>;
  /** When it was examined, in ms since 1970. */
  readonly made: number;
  readonly artifacts: number;
  readonly sha256: Buffer;
}

export const JUDGE_BYTES = 16;
const HEAD_BYTES = JUDGE_BYTES + 1;
const STATS_BYTES = 32;
const FIXED_BYTES = STATS_BYTES + 8 + 4 + 32;

/** Written into by whoever compares. */
const WANTED = new BigUint64Array(STATS_BYTES / 8);
const WANTED_BYTES = Buffer.from(WANTED.buffer);

export function packRecord({ name, identity, made, artifacts, sha256 }: PageRecord): Buffer {
  const bytes = Buffer.alloc(2 + name.length + FIXED_BYTES);
  bytes.writeUInt16LE(name.length, 0);
  name.copy(bytes, 2);
  let at = 2 + name.length;
  for (const number of [identity.ino, identity.size, identity.mtime_ns, identity.ctime_ns])
    at = bytes.writeBigUInt64LE(BigInt.asUintN(64, number), at);
  at = bytes.writeDoubleLE(made, at);
  at = bytes.writeUInt32LE(artifacts, at);
  sha256.copy(bytes, at);
  return bytes;
}

export function packPage(judge: Buffer, more: boolean, records: readonly Buffer[]): Buffer {
  return Buffer.concat([judge, Buffer.from([more ? 1 : 0]), ...records]);
}

/** Reads one page from its beginning to its end, asked for names in their order. Its seal was looked at before. */
export class PageReader {
  readonly bytes: Buffer;
  /** Of the pages of its folder. */
  readonly number: number;
  #start = HEAD_BYTES;
  #name = 0;
  #end = HEAD_BYTES;

  constructor(bytes: Buffer, number: number) {
    this.bytes = bytes;
    this.number = number;
    this.#read(HEAD_BYTES);
  }

  get judge(): Buffer {
    return this.bytes.subarray(0, JUDGE_BYTES);
  }

  get more(): boolean {
    return this.bytes[JUDGE_BYTES] === 1;
  }

  /** Where its records begin and end. */
  get all(): { readonly start: number; readonly end: number } {
    return { start: HEAD_BYTES, end: this.bytes.length };
  }

  /** All records were gone by. */
  get done(): boolean {
    return this.#start >= this.bytes.length;
  }

  /** Goes on to the first record whose name is not before this one; true: it is that. */
  find(name: Buffer): boolean {
    while (!this.done) {
      const order = this.bytes.compare(name, 0, name.length, this.#start + 2, this.#name);
      if (order === 0) return true;
      if (order > 0) return false;
      this.#read(this.#end);
    }
    return false;
  }

  /** Of the record that was found: whether the file is still that. */
  isSame({ ino, size, mtimeNs, ctimeNs }: BigIntStats): boolean {
    WANTED[0] = ino;
    WANTED[1] = size;
    WANTED[2] = mtimeNs;
    WANTED[3] = ctimeNs;
    return this.bytes.compare(WANTED_BYTES, 0, STATS_BYTES, this.#name, this.#name + STATS_BYTES) === 0;
  }

  get made(): number {
    return this.bytes.readDoubleLE(this.#name + STATS_BYTES);
  }

  get artifacts(): number {
    return this.bytes.readUInt32LE(this.#name + STATS_BYTES + 8);
  }

  get sha256(): Buffer {
    return this.bytes.subarray(this.#end - 32, this.#end);
  }

  /** Where the record stands that was found. */
  get place(): { readonly start: number; readonly end: number } {
    return { start: this.#start, end: this.#end };
  }

  #read(start: number): void {
    this.#start = start;
    if (this.done) return;
    this.#name = start + 2 + this.bytes.readUInt16LE(start);
    this.#end = this.#name + FIXED_BYTES;
    if (this.#end > this.bytes.length) this.#start = this.bytes.length;
  }
}
