import { TAR_BLOCK } from '../bytes/index.ts';
import { number } from './tar-header.ts';
import type { ByteReader } from './byte-reader.ts';
import type { PaxRecord } from './tar-extension.ts';
import { Damaged, OverBudget } from './trouble.ts';

/** Where stored bytes belong in a file with holes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export interface SparseMap {
  readonly extents: readonly Extent[];
  /** Of the file with its holes. */
  readonly size: number;
}

/** A real sparse file has thousands of extents; a map of more is an attack on memory. */
const MAX_EXTENTS = 1_000_000;

/** Type `S` of old GNU tar: four extents in the header, more in the blocks that follow. */
export async function oldGnuMap(header: Buffer, reader: ByteReader): Promise<SparseMap> {
  const extents: Extent[] = [];
  const take = (block: Buffer, from: number, most: number): void => {
    for (let i = 0; i < most; i++) {
      const at = from + i * 24;
      if (block[at] === 0) return;
      extents.push({
        offset: number(block.subarray(at, at + 12)),
        length: number(block.subarray(at + 12, at + 24)),
      });
    }
  };
  take(header, 386, 4);
  for (let more = header[482] === 1; more;) {
    const block = await reader.exactly(TAR_BLOCK);
    if (block.length < TAR_BLOCK || extents.length > MAX_EXTENTS)
      throw new Damaged('a sparse map without end');
    take(block, 0, 21);
    more = block[504] === 1;
  }
  return { extents, size: number(header.subarray(483, 495)) };
}

/** pax formats 0.0 and 0.1: the map is in the records. null when they describe none. */
export function paxMap(records: readonly PaxRecord[]): SparseMap | null {
  const value = (key: string): string | undefined =>
    records.findLast(([k]) => k === `GNU.sparse.${key}`)?.[1].toString();
  const size = value('size') ?? value('realsize');
  const map = value('map');
  const numbers =
    map === undefined
      ? records.flatMap(([key, bytes]) =>
          /^GNU\.sparse\.(?:offset|numbytes)$/.test(key) ? [count(bytes.toString())] : [],
        )
      : map
          .split(',')
          .filter((part) => part !== '')
          .map(count);
  if (size === undefined || (map === undefined && numbers.length === 0)) return null;
  return { extents: pairs(numbers), size: count(size) };
}

/** pax format 1.0: the map stands before the data, in decimal lines, as a part of the `stored` bytes. `size`: of the file. */
export async function leadingMap(reader: ByteReader, size: number, stored: number): Promise<SparseMap> {
  const numbers: number[] = [];
  let bytes = 0;
  let rest = '';
  for (let wanted = 1; numbers.length < wanted;) {
    bytes += TAR_BLOCK;
    if (bytes > stored) throw new Damaged('a sparse map is longer than its member');
    const block = await reader.exactly(TAR_BLOCK);
    if (block.length < TAR_BLOCK) throw new Damaged('cut off in a sparse map');
    const lines = (rest + block.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > 20 && !rest.startsWith('\0')) throw new Damaged('a sparse map is malformed');
    for (const line of lines)
      if (numbers.length < wanted) {
        numbers.push(count(line));
        if (numbers.length === 1) wanted = 1 + 2 * (numbers[0] ?? 0);
        if (wanted > 2 * MAX_EXTENTS) throw new Damaged('a sparse map without end');
      }
  }
  return { extents: pairs(numbers.slice(1)), size };
}

function count(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(value))
    throw new Damaged('a sparse map is malformed');
  return value;
}

function pairs(numbers: readonly number[]): Extent[] {
  const extents: Extent[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    extents.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  }
  return extents;
}

const ZEROS = Buffer.alloc(1024 * 1024);
/** What is left of a hole that may not be handed on whole. */
const SHORT_HOLE_BYTES = 64 * 1024;
/** Holes of one archive that are handed on whatever it stores, in bytes. */
const FREE_HOLE_BYTES = 1024 ** 3;

/** Holes say nothing and cost time: how many of their bytes one archive may have. */
export class HoleBudget {
  readonly #maxRatio: number;
  #spent = 0;

  /** `maxRatio`: bytes of holes for each byte that is stored, beyond the first GiB. */
  constructor(maxRatio: number) {
    this.#maxRatio = maxRatio;
  }

  /** Room for that many more, in an archive that stores `stored` bytes? */
  take(bytes: number, stored: number): boolean {
    if (this.#spent + bytes > this.most(stored)) return false;
    this.#spent += bytes;
    return true;
  }

  most(stored: number): number {
    return Math.max(FREE_HOLE_BYTES, this.#maxRatio * stored);
  }
}

/** Holes beyond what an archive may have: they were shortened, all that is stored was handed on. */
export class HolesTooLarge extends OverBudget {}

export interface Holes {
  readonly budget: HoleBudget;
  /** Bytes of the archive up to the end of this member, as far as they are known to be there. */
  readonly stored: number;
}

/**
 * The file with its holes, from the stored bytes. `read` gives the next `length` stored bytes in pieces. Throws Damaged,
 * and at the end HolesTooLarge when holes had to be shortened.
 */
export async function* expand(
  map: SparseMap,
  stored: number,
  { budget, stored: archived }: Holes,
  read: (length: number) => AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  let left = stored;
  let shortened = 0;
  const hole = (length: number): Generator<Buffer, void, undefined> => {
    if (budget.take(length, archived)) return holes(length);
    shortened += Math.max(0, length - SHORT_HOLE_BYTES);
    return holes(Math.min(length, SHORT_HOLE_BYTES));
  };
  for (const { offset, length } of map.extents) {
    if (offset < at || offset + length > map.size || length > left)
      throw new Damaged('a sparse map contradicts itself');
    yield* hole(offset - at);
    yield* read(length);
    at = offset + length;
    left -= length;
  }
  if (left > 0) throw new Damaged(`${left} stored bytes are in no place of the sparse file`);
  yield* hole(map.size - at);
  if (shortened > 0) {
    const detail = `${shortened} bytes of holes in a sparse file of ${map.size} bytes, ${stored} of them stored`;
    throw new HolesTooLarge(
      `${detail}, were left out; at most ${budget.most(archived)} are handed on of one archive`,
      { bytes: shortened },
    );
  }
}

function* holes(length: number): Generator<Buffer, void, undefined> {
  for (let left = length; left > 0; left -= ZEROS.length)
    yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
