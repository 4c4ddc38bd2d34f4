import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CHUNK_BYTES, MemorySource, type ByteSource } from './byte-source.ts';
import { ExtentMapBuilder, extentAt, sameMap, type Extent } from './extent-map.ts';
import { MappedSource, sliceOf } from './mapped-source.ts';

const base = Buffer.from(Array.from({ length: 3 * CHUNK_BYTES }, (_, at) => (at * 31 + (at >> 8)) & 0xff));

function mapped(
  size: number,
  extents: readonly Partial<Extent>[],
  below: ByteSource = new MemorySource(base),
): MappedSource {
  const builder = new ExtentMapBuilder();
  for (const { start = 0, end = 0, from = 0, stored = 0 } of extents)
    expect(builder.add({ start, end, from, stored })).toBe(true);
  return new MappedSource(below, builder.build(size));
}

async function all(source: ByteSource, start?: number, end?: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of source.stream(start, end)) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

async function partOf(source: ByteSource, position: number, count: number): Promise<Buffer> {
  const target = Buffer.alloc(count, 0xee);
  return target.subarray(0, await source.readAt(target, position));
}

/** Out of order below, with a hole in front, one between and one at the end. */
const size = CHUNK_BYTES * 2 + 999;
const pieces = mapped(size, [
  { start: 100, end: 300, from: 5000 },
  { start: 300, end: 400, from: 10 },
  { start: CHUNK_BYTES - 7, end: CHUNK_BYTES + 500, from: CHUNK_BYTES * 2 },
]);
const expected = Buffer.alloc(size);
base.copy(expected, 100, 5000, 5200);
base.copy(expected, 300, 10, 110);
base.copy(expected, CHUNK_BYTES - 7, CHUNK_BYTES * 2, CHUNK_BYTES * 2 + 507);

test('extents stand where the map says, and the rest is zeros', async () => {
  expect((await all(pieces)).equals(expected)).toBe(true);
});

test('any part of it can be read, and nothing past its end', async () => {
  for (const [at, count] of [
    [0, 50],
    [90, 400],
    [299, 2],
    [CHUNK_BYTES - 8, 600],
    [size - 10, 100],
    [size, 5],
    [size + 9, 5],
  ] as const) {
    const wanted = expected.subarray(at, at + count);
    expect((await partOf(pieces, at, count)).equals(wanted), `${count} bytes at ${at}`).toBe(true);
    expect((await all(pieces, at, at + count)).equals(wanted), `stream of ${count} at ${at}`).toBe(true);
  }
});

test('it knows its runs of data without reading', () => {
  expect(pieces.nextRun(0)).toEqual({ start: 100, end: 300 });
  expect(pieces.nextRun(250)).toEqual({ start: 250, end: 300 });
  expect(pieces.nextRun(400)).toEqual({ start: CHUNK_BYTES - 7, end: CHUNK_BYTES + 500 });
  expect(pieces.nextRun(CHUNK_BYTES + 500)).toBeNull();
});

test('a slice of a mapping reads through both, and sees the holes below', async () => {
  const slice = sliceOf(pieces, 250, CHUNK_BYTES);
  expect((await all(slice)).equals(expected.subarray(250, CHUNK_BYTES))).toBe(true);
  expect(slice.nextRun?.(200)).toEqual({ start: CHUNK_BYTES - 257, end: CHUNK_BYTES - 250 });
});

test('a slice past the end is as long as what is there', () => {
  expect(sliceOf(pieces, size - 5, size + 100).size).toBe(5);
  expect(sliceOf(pieces, size + 5, size + 100).size).toBe(0);
  expect(sliceOf(new MemorySource(base), base.length + 5, base.length + 9).size).toBe(0);
});

test('neighbours that continue each other are one extent', () => {
  const builder = new ExtentMapBuilder();
  for (let i = 0; i < 1000; i++)
    builder.add({ start: i * 10, end: i * 10 + 10, from: 500 + i * 10, stored: 0 });
  expect(builder.build().count).toBe(1);
});

test('what overlaps the one before, or finds no room, is refused', () => {
  const builder = new ExtentMapBuilder(null, 2);
  expect(builder.add({ start: 0, end: 10, from: 0, stored: 0 })).toBe(true);
  expect(builder.add({ start: 9, end: 20, from: 50, stored: 0 })).toBe(false);
  expect(builder.add({ start: 10, end: 20, from: 50, stored: 0 })).toBe(true);
  expect(builder.add({ start: 30, end: 40, from: 90, stored: 0 })).toBe(false);
  const map = builder.build();
  expect([map.count, map.size, extentAt(map, 15), extentAt(map, 20)]).toEqual([2, 20, 1, 2]);
});

function mapFrom(from: number): ReturnType<ExtentMapBuilder['build']> {
  const builder = new ExtentMapBuilder();
  builder.add({ start: 0, end: 10, from, stored: 0 });
  return builder.build(20);
}

test('maps that say the same are the same', () => {
  expect(sameMap(mapFrom(5), mapFrom(5))).toBe(true);
  expect(sameMap(mapFrom(5), mapFrom(6))).toBe(false);
});

test('packed extents are decoded; one that cannot be is zeros, and counted once', async () => {
  const unit = 65_536;
  const packed = deflateRawSync(Buffer.alloc(unit, 'packed '));
  const below = new MemorySource(
    Buffer.concat([packed, Buffer.alloc(100, 'after it'), Buffer.alloc(200, 0xff)]),
  );
  const builder = new ExtentMapBuilder();
  builder.add({ start: 0, end: unit, from: 0, stored: packed.length + 100 });
  builder.add({ start: unit, end: 2 * unit, from: packed.length + 100, stored: 200 });
  const source = new MappedSource(below, builder.build(2 * unit - 5, 'deflate'));
  for (let turn = 0; turn < 2; turn++) {
    const bytes = await all(source);
    expect(bytes.equals(Buffer.concat([Buffer.alloc(unit, 'packed '), Buffer.alloc(unit - 5)]))).toBe(true);
  }
  expect(source.damage).toEqual({ extents: 1, bytes: unit - 5 });
});

test('a source below that became shorter ends it there', async () => {
  const short = mapped(1000, [{ start: 0, end: 1000, from: 0 }], new MemorySource(base.subarray(0, 600)));
  expect((await all(short)).length).toBe(600);
});

test('a stream over holes that do not end stops with an error, and what is in them can still be read', async () => {
  const source = mapped(1e15, [{ start: 9e14, end: 9e14 + 100, from: 0 }]);
  const drained = async (): Promise<void> => {
    for await (const _ of source.stream());
  };
  await expect(drained()).rejects.toThrow('holes would have to be read');
  expect(
    (await partOf(source, 9e14 - 5, 105)).equals(Buffer.concat([Buffer.alloc(5), base.subarray(0, 100)])),
  ).toBe(true);
});
