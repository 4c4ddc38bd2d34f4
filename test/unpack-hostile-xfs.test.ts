// needs: qemu-utils
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { virtualDisk } from './kit/hostile/virtual-disk.ts';
import { BLOCK, FILE, FOLDER, ROOT, XfsImage } from './kit/hostile/xfs-bytes.ts';

// What an XFS claims, and what reading it may cost: work is counted, not seconds.

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

/** A file with one block of content. */
function smallFile(image: XfsImage, inode: number, content: string): void {
  const at = image.take(1);
  image.bytes.write(content, at * BLOCK);
  image.inode(inode, { mode: FILE, size: content.length, extents: [{ start: 0, count: 1, at }] });
}

test('an image put together by hand is read without a complaint', async () => {
  const image = new XfsImage({ used: 256, inodes: 64 });
  smallFile(image, ROOT + 1, 'content');
  image.folder([{ name: 'a', inode: ROOT + 1 }]);
  const result = await unpack('xfs', image.bytes, scratch);
  expect(told(result)).toEqual([]);
  expect(result.members.find(({ name }) => name === 'a')?.text).toBe('content');
});

test('groups without end on a virtual disk of 4 TiB end, as a gap', async () => {
  const image = new XfsImage({ used: 256, inodes: 64, blocks: (4 * TIB) / BLOCK, groupBlocks: 16 });
  image.folder([]);
  const disk = virtualDisk(scratch.path, image.bytes, 4 * TIB);
  const result = await unpack('qcow2', disk, scratch, { inner: ['xfs'] });
  expect(told(result).at(-1)).toMatch(/^budget_exceeded: its structures lead to themselves/);
});

test('a journal of 4 TiB that is a hole brings no more zeros along than the image may', async () => {
  const image = new XfsImage({
    used: 256,
    inodes: 64,
    blocks: (4 * TIB) / BLOCK,
    groupBlocks: 2 ** 31,
    logBlocks: 2 ** 31 - 16,
  });
  image.folder([]);
  const disk = virtualDisk(scratch.path, image.bytes, 4 * TIB);
  const result = await unpack('qcow2', disk, scratch, { inner: ['xfs'] });
  const journal = result.members.find(({ name }) => name === '(journal)');
  expect(journal?.size).toBeGreaterThan(0);
  expect(journal?.size).toBeLessThan(128 * MIB);
  expect(told(result).join()).not.toMatch(/budget_exceeded/);
});

test('a file that repeats one run of blocks fifty thousand times is a bomb, and not read', async () => {
  const image = new XfsImage({ used: 4096, inodes: 64 });
  const run = image.take(1024);
  image.bytes.fill('text ', run * BLOCK, (run + 1024) * BLOCK);
  const extents = Array.from({ length: 50_000 }, (_, i) => ({ start: i * 1024, count: 1024, at: run }));
  image.inode(ROOT + 1, { mode: FILE, size: 50_000 * 1024 * BLOCK, tree: image.tree(extents) });
  image.folder([{ name: 'a', inode: ROOT + 1 }]);
  const result = await unpack('xfs', image.bytes, scratch);
  expect(result.unsafe).toEqual(['bomb']);
  expect(told(result)).toEqual([expect.stringMatching(/^budget_exceeded: \d+ bytes came out of 4194304/)]);
  expect(inFiles(result)).toEqual([]);
});

test('thousands of files over the same bytes are a bomb once they are more than a thousand times the image', async () => {
  const image = new XfsImage({ used: 4096, inodes: 4200 });
  const run = image.take(900);
  const files = Array.from({ length: 4000 }, (_, i) => ({ name: `file ${i}`, inode: ROOT + 1 + i }));
  for (const { inode } of files)
    image.inode(inode, { mode: FILE, size: 900 * BLOCK, extents: [{ start: 0, count: 900, at: run }] });
  image.folder(files);
  const result = await unpack('xfs', image.bytes, scratch, { limits: { max_ratio: 100 }, leaveAfter: 1 });
  expect(result.unsafe).toEqual(['bomb']);
  // 1 GiB is handed on before anything is called a bomb.
  expect(inFiles(result).length).toBeLessThanOrEqual(1024 ** 3 / (900 * BLOCK));
});

test('a name that leads to a file a second time is listed, however many names the inode admits to', async () => {
  const image = new XfsImage({ used: 256, inodes: 64 });
  smallFile(image, ROOT + 1, 'content');
  image.folder(Array.from({ length: 500 }, (_, i) => ({ name: `name ${i}`, inode: ROOT + 1 })));
  const result = await unpack('xfs', image.bytes, scratch);
  expect(inFiles(result)).toEqual(['name 0']);
  expect(result.measured).toMatchObject({ links: 499 });
});

test('a folder that consists of one block five thousand times lists its files once, and says so', async () => {
  const image = new XfsImage({ used: 1024, inodes: 128 });
  const files = Array.from({ length: 40 }, (_, i) => ({ name: `file ${i}`, inode: ROOT + 1 + i }));
  for (const { inode } of files) smallFile(image, inode, `content of ${inode}`);
  const { at, count } = image.entries(files);
  const again = Array.from({ length: 5000 }, (_, i) => ({ start: i, count: 1, at: at + (i % count) }));
  image.inode(ROOT, { mode: FOLDER, size: 5000 * BLOCK, tree: image.tree(again) });
  const result = await unpack('xfs', image.bytes, scratch);
  expect(inFiles(result)).toHaveLength(40);
  expect(told(result)).toEqual([`corrupt: ${5000 - count} blocks of a folder cannot be read`]);
});

test('a folder that leads back to the root, and one that is its own child, are entered once', async () => {
  const image = new XfsImage({ used: 256, inodes: 64 });
  image.folder(
    [
      { name: 'up', inode: ROOT },
      { name: 'self', inode: ROOT + 1 },
    ],
    ROOT + 1,
  );
  image.folder([{ name: 'down', inode: ROOT + 1 }]);
  const result = await unpack('xfs', image.bytes, scratch);
  expect(told(result)).toEqual([
    'corrupt: a folder that stands in two places',
    'corrupt: a folder that stands in two places',
  ]);
});

test('trees that lead to themselves end, as gaps', async () => {
  const image = new XfsImage({ used: 256, inodes: 64 });
  const block = image.take(1);
  image.branch(
    Array.from({ length: 60 }, () => block),
    1,
    block,
  );
  image.inode(ROOT + 1, { mode: FILE, size: 2 ** 40, tree: { level: 2, blocks: [block] } });
  const [leaf = 0] = image.leaves([{ start: 0, count: 1, at: image.take(1) }]);
  image.inode(ROOT + 2, {
    mode: FILE,
    size: 2 ** 40,
    tree: { level: 1, blocks: [leaf, leaf, leaf, leaf, leaf] },
  });
  const free = image.take(1);
  image.freeSpace(free, 1, [free, free, free]);
  image.folder([
    { name: 'higher', inode: ROOT + 1 },
    { name: 'again', inode: ROOT + 2 },
  ]);
  const result = await unpack('xfs', image.bytes, scratch);
  expect(told(result)).toEqual([
    'corrupt: group 0: a block of a tree that stands in two places',
    'corrupt: a block of a tree of extents that stands in two places',
    'corrupt: a block of a tree of extents that stands in two places',
  ]);
});

test('sizes and places at the end of all numbers are gaps, and cost nothing', async () => {
  const image = new XfsImage({ used: 256, inodes: 64 });
  image.inode(ROOT + 1, { mode: FILE, size: 2n ** 63n - 1n });
  const nowhere = { start: 0, count: 2 ** 21 - 1, at: 2 ** 51 };
  image.inode(ROOT + 2, { mode: FILE, size: 2 ** 52, extents: [nowhere] });
  const far = { start: 2 ** 53, count: 2 ** 21 - 1, at: 20 };
  image.inode(ROOT + 3, { mode: FILE, size: 2 ** 52, extents: [far] });
  image.inode(ROOT + 4, { mode: FOLDER, size: 2n ** 63n - 1n, extents: [nowhere] });
  image.folder([
    { name: 'endless', inode: ROOT + 1 },
    { name: 'nowhere', inode: ROOT + 2 },
    { name: 'far', inode: ROOT + 3 },
    { name: 'folder', inode: ROOT + 4 },
    { name: 'gone', inode: 2 ** 40 },
  ]);
  const result = await unpack('xfs', image.bytes, scratch);
  expect(told(result)).toEqual([
    'budget_exceeded: a file of more than 8 PiB',
    expect.stringMatching(/^corrupt: \d+ of its bytes lie past the end/),
    'corrupt: 1 blocks of a folder cannot be read',
    expect.stringMatching(/^corrupt: /),
  ]);
  for (const { size } of result.members) expect(size).toBeLessThan(128 * MIB);
});
