import { BLOCK, number } from './tar-header.ts';
import type { ByteReader } from './byte-reader.ts';
import { Damaged } from './trouble.ts';

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
    const block = await reader.exactly(BLOCK);
    if (block.length < BLOCK || extents.length > MAX_EXTENTS) throw new Damaged('a sparse map without end');
    take(block, 0, 21);
    more = block[504] === 1;
  }
  return { extents, size: number(header.subarray(483, 495)) };
}

/** pax formats 0.0 and 0.1: the map is in the records. null when they describe none. */
export function paxMap(records: readonly (readonly [string, Buffer])[]): SparseMap | null {
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

/** pax format 1.0: the map stands before the data, in decimal lines. Returns it and the bytes it took. */
export async function leadingMap(
  reader: ByteReader,
  size: number,
): Promise<{ map: SparseMap; bytes: number }> {
  const numbers: number[] = [];
  let bytes = 0;
  let rest = '';
  for (let wanted = 1; numbers.length < wanted;) {
    const block = await reader.exactly(BLOCK);
    bytes += BLOCK;
    if (block.length < BLOCK) throw new Damaged('cut off in a sparse map');
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
  return { map: { extents: pairs(numbers.slice(1)), size }, bytes };
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

const ZEROS = Buffer.alloc(64 * 1024);

/** The file with its holes, from the stored bytes. `read` gives the next `length` stored bytes in pieces. */
export async function* expand(
  map: SparseMap,
  stored: number,
  read: (length: number) => AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  let left = stored;
  for (const { offset, length } of map.extents) {
    if (offset < at || offset + length > map.size || length > left)
      throw new Damaged('a sparse map contradicts itself');
    yield* holes(offset - at);
    yield* read(length);
    at = offset + length;
    left -= length;
  }
  if (left > 0) throw new Damaged(`${left} stored bytes are in no place of the sparse file`);
  yield* holes(map.size - at);
}

function* holes(length: number): Generator<Buffer, void, undefined> {
  for (let left = length; left > 0; left -= ZEROS.length)
    yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
