// needs: qemu-utils
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { bitmapEntry, ExfatImage, fileEntries, ROOT, SECTOR } from './kit/hostile/exfat-bytes.ts';
import { virtualDisk } from './kit/hostile/virtual-disk.ts';

// What an exFAT claims, and what reading it may cost: work is counted, not seconds.

const MIB = 2 ** 20;
const TIB = 2 ** 40;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const told = ({ gaps }: Unpacked): string[] => gaps.map(({ reason, detail }) => `${reason}: ${detail}`);
const inFiles = ({ members }: Unpacked): string[] =>
  members.filter(({ name }) => !name.startsWith('(')).map(({ name }) => name);
const counted = (first: number, count: number, step = 1): number[] =>
  Array.from({ length: count }, (_, i) => first + i * step);

test('an image put together by hand is read without a complaint', async () => {
  const image = new ExfatImage({ clusters: 64 });
  image.folder(ROOT, [fileEntries({ name: 'a', first: 10, size: 7, contiguous: true })]);
  image.bytes.write('content', image.at(10));
  const result = await unpack('exfat', image.bytes, scratch);
  expect(told(result)).toEqual([]);
  expect(result.members.find(({ name }) => name === 'a')?.text).toBe('content');
});

test('chains of clusters that lead back to themselves, or nowhere, end as gaps', async () => {
  const image = new ExfatImage({ clusters: 5000 });
  image.folder(ROOT, [
    fileEntries({ name: 'circle', first: 100, size: 2 ** 50 }),
    fileEntries({ name: 'itself', first: 3100, size: 2 ** 50 }),
    fileEntries({ name: 'nowhere', first: 3200, size: 2 ** 50 }),
    fileEntries({ name: 'out', first: 2 ** 31, size: 2 ** 50, contiguous: true }),
    fileEntries({ name: 'long', first: 4000, size: 2 ** 50, contiguous: true }),
  ]);
  image.chain(counted(100, 3000), 2000);
  image.next(3100, 3100);
  image.next(3200, 0);
  const result = await unpack('exfat', image.bytes, scratch);
  expect(told(result).filter((text) => !text.includes('of its bytes lie past'))).toEqual([
    'corrupt: a chain of clusters leads back to itself',
    'corrupt: a chain of clusters leads back to itself',
    'corrupt: a chain of clusters leads nowhere',
    'corrupt: its clusters reach beyond the last one',
    'corrupt: its clusters reach beyond the last one',
  ]);
  for (const { size } of result.members) expect(size).toBeLessThan(128 * MIB);
});

test('thousands of files that share one long chain end, as a gap', async () => {
  const count = 5000;
  const image = new ExfatImage({ clusters: 2 * count });
  image.chain(counted(count, count));
  image.folder(
    ROOT,
    counted(0, 5000).map((i) => fileEntries({ name: `file ${i}`, first: count, size: count * SECTOR })),
  );
  const result = await unpack('exfat', image.bytes, scratch, { leaveAfter: 1 });
  expect(told(result)).toEqual([
    expect.stringMatching(/^budget_exceeded: (?:its structures lead to themselves|\d+ bytes came out of)/),
  ]);
  expect(inFiles(result).length).toBeLessThan(500);
});

test('thousands of files over the same clusters are a bomb, and an attack', async () => {
  const image = new ExfatImage({ clusters: 40_000 });
  image.folder(
    ROOT,
    counted(0, 2000).map((i) =>
      fileEntries({ name: `file ${i}`, first: 10_000, size: 30_000 * SECTOR, contiguous: true }),
    ),
  );
  const result = await unpack('exfat', image.bytes, scratch, { leaveAfter: 1 });
  expect(result.unsafe).toEqual(['overlapping-files', 'bomb']);
  expect(inFiles(result).length).toBeLessThanOrEqual(2 ** 30 / (30_000 * SECTOR));
});

test('folders that lead to the root, to themselves, or into each other are read once', async () => {
  const image = new ExfatImage({ clusters: 64 });
  const folder = { folder: true, size: SECTOR };
  image.folder(ROOT, [
    fileEntries({ name: 'up', first: ROOT, ...folder }),
    fileEntries({ name: 'down', first: 10, ...folder }),
    // It begins elsewhere and goes on in the other.
    fileEntries({ name: 'beside', first: 20, folder: true, size: 2 * SECTOR }),
  ]);
  image.folder(10, [fileEntries({ name: 'self', first: 10, ...folder })]);
  image.bytes.fill(0x05, image.at(20), image.at(21));
  image.chain([20, 10]);
  const result = await unpack('exfat', image.bytes, scratch);
  expect(told(result)).toEqual([
    'corrupt: a folder that stands in two places',
    'corrupt: a folder that stands in two places',
    'corrupt: a part of a folder that stands in two places',
  ]);
});

test('of maps of what is in use the first counts', async () => {
  const image = new ExfatImage({ clusters: 20_000 });
  const bitmap = { first: 1000, size: 20_000 / 8 };
  image.chain(counted(1000, 5));
  const gone = fileEntries({ name: 'gone', first: 15_000, size: SECTOR, contiguous: true, deleted: true });
  image.folder(ROOT, [bitmapEntry(bitmap), ...counted(0, 300).map(() => bitmapEntry(bitmap)), gone]);
  image.bytes.write('what was deleted', image.at(15_000));
  const result = await unpack('exfat', image.bytes, scratch);
  expect(told(result)).toEqual(['corrupt: 300 more maps of what is in use, which are not looked at']);
  expect(inFiles(result)).toEqual(['gone (deleted)']);
});

test('a map of what is in use that lies in too many pieces tells of nothing', async () => {
  const image = new ExfatImage({ clusters: 1_000_000 });
  image.chain(counted(1000, 245, 2));
  const gone = fileEntries({ name: 'gone', first: 15_000, size: SECTOR, contiguous: true, deleted: true });
  image.folder(ROOT, [bitmapEntry({ first: 1000, size: 125_000 }), gone]);
  image.bytes.write('what was deleted', image.at(15_000));
  const result = await unpack('exfat', image.bytes, scratch);
  expect(told(result)).toEqual(['corrupt: its map of what is in use lies in more than 100 pieces']);
  expect(result.members.map(({ text }) => text).join()).toContain('what was deleted');
});

test('a chain through a virtual disk of 4 TiB that is a hole ends, and so does a folder there', async () => {
  const clusters = 2 ** 31;
  const image = new ExfatImage({ clusters, used: MIB });
  // What is not there of the table is zeros: they lead nowhere.
  const disk = virtualDisk(scratch.path, image.bytes, TIB + 2 ** 34);
  const result = await unpack('qcow2', disk, scratch, { inner: ['exfat'] });
  expect(told(result)).toEqual(['corrupt: a chain of clusters leads nowhere']);
});

test('sizes at the end of all numbers are gaps, and cost nothing', async () => {
  const image = new ExfatImage({ clusters: 64 });
  image.folder(ROOT, [
    fileEntries({ name: 'endless', first: 10, size: 2n ** 63n - 1n, contiguous: true }),
    fileEntries({ name: 'large', first: 10, size: 2n ** 53n - 1n, contiguous: true }),
    fileEntries({ name: 'folder', first: 20, size: 2n ** 64n - 1n, contiguous: true, folder: true }),
  ]);
  const result = await unpack('exfat', image.bytes, scratch);
  expect(told(result)).toContain('budget_exceeded: a file of more than 8 PiB');
  for (const { size } of result.members) expect(size).toBeLessThan(128 * MIB);
});
