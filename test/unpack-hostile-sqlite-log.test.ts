// needs: qemu-utils
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { leafPage, logBytes, overflowPage, PAGE, varint } from './kit/hostile/sqlite-log-bytes.ts';
import { virtualDisk } from './kit/hostile/virtual-disk.ts';

// What a log of SQLite claims, and what reading it may cost: work is counted, not seconds.

const TIB = 2 ** 40;
/** Bytes of a record in one overflow page. */
const REST = PAGE - 4;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const told = ({ gaps }: Unpacked): string[] => gaps.map(({ reason, detail }) => `${reason}: ${detail}`);

/** The beginning of a record with one blob: its header, and nothing of the value. */
const oneBlob = (bytes: number): Buffer => {
  const type = varint(12 + 2 * bytes);
  return Buffer.concat([varint(1 + type.length), type]);
};

/** Bytes of the whole record around one blob. */
const recordOf = (bytes: number): number => oneBlob(bytes).length + bytes;

test('a log put together by hand gives its values', async () => {
  const [blob, begins] = [3 * REST, oneBlob(3 * REST)];
  const log = logBytes([
    { number: 2, bytes: leafPage([{ size: recordOf(blob), begins, overflow: 3 }]) },
    { number: 3, bytes: overflowPage(4, 'a') },
    { number: 4, bytes: overflowPage(5, 'b') },
    { number: 5, bytes: overflowPage(0, 'c'), commits: true },
  ]);
  const { members, gaps } = await unpack('sqlite-log', log, scratch);
  expect(gaps).toEqual([]);
  expect(members.map(({ size }) => size)).toEqual([blob]);
});

test('a chain of pages that leads in a circle ends once each of its pages was read', async () => {
  const size = 2 ** 50;
  const log = logBytes([
    { number: 2, bytes: leafPage([{ size: recordOf(size), begins: oneBlob(size), overflow: 3 }]) },
    { number: 3, bytes: overflowPage(4) },
    { number: 4, bytes: overflowPage(3), commits: true },
  ]);
  for (const leaveAfter of [Infinity, 1]) {
    const result = await unpack('sqlite-log', log, scratch, { leaveAfter });
    expect(result.members).toHaveLength(1);
    expect(result.members[0]?.size).toBeLessThan(4 * PAGE);
    expect(told(result)).toEqual(['corrupt: its chain of pages leads in a circle']);
  }
});

test('thousands of records that all go on in the same pages end, as a gap', async () => {
  const pages = 1000;
  const blob = (pages - 1) * REST;
  const leaves = Array.from({ length: 800 }, (_, i) => ({
    number: 2000 + i,
    bytes: leafPage(
      Array.from({ length: 4 }, (__, k) => {
        const begins = Buffer.concat([oneBlob(blob), Buffer.from(`record ${i} ${k}`)]);
        return { size: recordOf(blob), begins, overflow: 3 };
      }),
    ),
  }));
  const chain = Array.from({ length: pages }, (_, i) => ({
    number: 3 + i,
    bytes: overflowPage(i + 1 < pages ? 4 + i : 0),
  }));
  const result = await unpack('sqlite-log', logBytes([...chain, ...leaves]), scratch, { leaveAfter: 1 });
  expect(told(result)).toEqual([
    expect.stringMatching(/^budget_exceeded: many records go on in the same pages/),
  ]);
});

test('a log of 4 TiB that is a hole ends', async () => {
  const log = logBytes([{ number: 2, bytes: leafPage([]), commits: true }]);
  const disk = virtualDisk(scratch.path, log, 4 * TIB);
  const result = await unpack('qcow2', disk, scratch, { inner: ['sqlite-log'] });
  expect(told(result)).toEqual(['corrupt: cut off in a page']);
});

test('a record of a hundred thousand empty values is no hundred thousand members', async () => {
  const values = 100_000;
  const header = Buffer.concat([varint(values + 3), Buffer.alloc(values, 12)]);
  const size = values + 3;
  const inPage = leafPage([{ size, begins: header, overflow: 3 }]);
  // The rest of the header, wherever the page's part of it ends.
  const pages = Math.ceil(size / REST);
  const chain = Array.from({ length: pages }, (_, i) => ({
    number: 3 + i,
    bytes: overflowPage(i + 1 < pages ? 4 + i : 0, Buffer.from([12])),
  }));
  const { members } = await unpack('sqlite-log', logBytes([{ number: 2, bytes: inPage }, ...chain]), scratch);
  expect(members.length).toBeLessThan(10);
});

test('a value whose further pages a later transaction writes anew is looked at again', async () => {
  const blob = 2 * REST;
  const leaf = { number: 2, bytes: leafPage([{ size: recordOf(blob), begins: oneBlob(blob), overflow: 3 }]) };
  const log = logBytes([
    leaf,
    { number: 3, bytes: overflowPage(4, 'a') },
    { number: 4, bytes: overflowPage(0, 'a'), commits: true },
    leaf,
    { number: 3, bytes: overflowPage(4, 'b') },
    { number: 4, bytes: overflowPage(0, 'b'), commits: true },
    // The page alone: nothing that it leads to has changed.
    { ...leaf, commits: true },
  ]);
  const { members } = await unpack('sqlite-log', log, scratch);
  expect(members.map(({ text }) => text.at(-1))).toEqual(['a', 'b']);
});
