import { countOf } from '../../disks/bytes-at.ts';
import type { Allocation } from './clusters.ts';

/** exFAT specification, 6 and 7: entries of 32 bytes, whose first is their kind. */
export const ENTRY_BYTES = 32;
export const IN_USE = 0x80;
export const SECONDARY = 0x40;
const KIND = 0x7f;
export const END = 0;
export const BITMAP = 0x81;
export const UP_CASE = 0x82;
export const FILE = 0x05;
const STREAM = 0x40;
const NAME = 0x41;
const FOLDER = 0x10;
const CONTIGUOUS = 2;
const NAME_CHARACTERS = 15;

export interface FileEntry {
  readonly name: Buffer;
  readonly isFolder: boolean;
  readonly deleted: boolean;
  readonly allocation: Allocation;
  /** Bytes that were written; what follows reads as zeros. */
  readonly written: number;
  readonly addsUp: boolean;
}

/** The file or folder that a set of entries describes; null when there is no such thing. */
export function fileOf(set: readonly Buffer[]): FileEntry | null {
  const [file, ...others] = set;
  const stream = others.find((entry) => kindOf(entry) === STREAM);
  if (file === undefined || stream === undefined) return null;
  const names = others.filter((entry) => kindOf(entry) === NAME);
  const text = names.map((entry) => entry.toString('utf16le', 2, 2 + NAME_CHARACTERS * 2)).join('');
  const name = Buffer.from(text.slice(0, stream.readUInt8(3)));
  if (name.length === 0) return null;
  return {
    name,
    isFolder: (file.readUInt16LE(4) & FOLDER) !== 0,
    deleted: (file.readUInt8(0) & IN_USE) === 0,
    allocation: allocationOf(stream),
    written: countOf(stream.readBigUInt64LE(8)),
    addsUp: sumOf(set) === file.readUInt16LE(2),
  };
}

/** How many entries belong to the set that this one begins. */
export function lengthOfSet(file: Buffer): number {
  return 1 + file.readUInt8(1);
}

export function kindOf(entry: Buffer): number {
  return entry.readUInt8(0) & KIND;
}

/** Of any entry that has one: where it stands is the same in all. */
export function allocationOf(entry: Buffer): Allocation {
  return {
    first: entry.readUInt32LE(20),
    bytes: countOf(entry.readBigUInt64LE(24)),
    contiguous: (entry.readUInt8(1) & CONTIGUOUS) !== 0,
  };
}

/** exFAT specification, 6.3.3. Deleting clears a bit of every entry, and leaves the sum as it was. */
function sumOf(set: readonly Buffer[]): number {
  let sum = 0;
  for (const [index, entry] of set.entries()) {
    for (const [at, byte] of entry.entries()) {
      if (index === 0 && (at === 2 || at === 3)) continue;
      sum = ((sum << 15) | (sum >>> 1)) & 0xffff;
      sum = (sum + (at === 0 ? byte | IN_USE : byte)) & 0xffff;
    }
  }
  return sum;
}
