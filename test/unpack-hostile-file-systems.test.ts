// needs: qemu-utils
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { BLOCK, ExtImage, FILE, FOLDER, type Extent } from './kit/hostile/ext-bytes.ts';
import { virtualDisk } from './kit/hostile/virtual-disk.ts';

// What file systems claim, and what reading them may cost: work is counted, not seconds.

const GIB = 2 ** 30;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const told = ({ gaps }: Unpacked): string[] => gaps.map(({ reason, detail }) => `${reason}: ${detail}`);

/** Blocks of a tree over blocks of a tree, up to what an inode holds. */
function raised(image: ExtImage, leaves: readonly Extent[]): { extents: readonly Extent[]; level: number } {
  let [extents, level] = [leaves, 1];
  while (extents.length > 4) {
    const above: Extent[] = [];
    for (let from = 0; from < extents.length; from += 84)
      above.push(image.branch(extents.slice(from, from + 84), level));
    [extents, level] = [above, level + 1];
  }
  return { extents, level };
}

test('groups without end on a virtual disk of 4 TiB end, as a gap', async () => {
  const image = new ExtImage({ used: 1024, inodes: 64, blocks: 0xffff_ffff, groupBlocks: 1 });
  image.root([]);
  const disk = virtualDisk(scratch.path, image.bytes, 4 * 1024 * GIB);
  const result = await unpack('qcow2', disk, scratch, { inner: ['ext'] });
  expect(told(result)).toEqual([
    expect.stringMatching(/^budget_exceeded: its structures lead to themselves/),
  ]);
});

test('a file that repeats one run of blocks a hundred thousand times is a bomb, and not read', async () => {
  const image = new ExtImage({ used: 4096, inodes: 64 });
  const run = image.take(1024);
  image.bytes.fill('text ', run * BLOCK, (run + 1024) * BLOCK);
  const extents = Array.from({ length: 100_000 }, (_, i) => ({ start: i * 1024, count: 1024, at: run }));
  image.inode(11, { mode: FILE, size: 100_000 * 1024 * BLOCK, ...raised(image, image.tree(extents)) });
  image.root([{ name: 'a', inode: 11 }]);
  const result = await unpack('ext', image.bytes, scratch);
  expect(result.unsafe).toEqual(['overlapping-files', 'bomb']);
  expect(told(result)).toEqual([expect.stringMatching(/^budget_exceeded: \d+ bytes came out of 4194304/)]);
  expect(result.members.map(({ name }) => name)).not.toContain('a');
});

test('a file of zeros that became a hole of a virtual disk is no bomb', async () => {
  const image = new ExtImage({ used: 1024, inodes: 64, blocks: (3 * GIB) / BLOCK, groupBlocks: 8192 });
  const extents = Array.from({ length: 80 }, (_, i) => ({
    start: i * 32_768,
    count: 32_768,
    at: 2048 + i * 32_768,
  }));
  image.inode(11, { mode: FILE, size: 80 * 32_768 * BLOCK, ...raised(image, image.tree(extents)) });
  image.root([{ name: 'zeros', inode: 11 }]);
  const disk = virtualDisk(scratch.path, image.bytes, 3 * GIB);
  const result = await unpack('qcow2', disk, scratch, { inner: ['ext'] });
  expect(result.unsafe).toEqual([]);
  expect(result.members.map(({ name }) => name)).toContain('zeros');
});

test('a folder that consists of one block five thousand times lists its files once, and says so', async () => {
  const image = new ExtImage({ used: 1024, inodes: 512 });
  const files = Array.from({ length: 80 }, (_, i) => ({ name: `file ${i}`, inode: 20 + i }));
  for (const { inode } of files) {
    const at = image.take(1);
    image.bytes.write(`content of ${inode}`, at * BLOCK);
    image.inode(inode, { mode: FILE, size: 20, extents: [{ start: 0, count: 1, at }] });
  }
  const { at, count } = image.entries(files);
  const again = Array.from({ length: 5000 }, (_, i) => ({ start: i, count: 1, at: at + (i % count) }));
  image.inode(2, { mode: FOLDER, size: 5000 * BLOCK, ...raised(image, image.tree(again)) });
  const result = await unpack('ext', image.bytes, scratch);
  expect(result.members.filter(({ text }) => text.startsWith('content of'))).toHaveLength(80);
  expect(told(result)).toEqual([`corrupt: ${5000 - count} blocks of a folder cannot be read`]);
});

test('groups that have one table of inodes together show its files once, and say so', async () => {
  const image = new ExtImage({ used: 1024, inodes: 256, groupBlocks: 16, tables: 64 });
  const at = image.take(100);
  for (let i = 0; i < 100; i++) {
    image.bytes.write(`content ${i}`, (at + i) * BLOCK);
    image.inode(20 + i, { mode: FILE, size: 12, extents: [{ start: 0, count: 1, at: at + i }] });
  }
  image.root([]);
  const result = await unpack('ext', image.bytes, scratch);
  expect(result.members.filter(({ name }) => name.includes('in no folder'))).toHaveLength(100);
  expect(told(result)).toContain('corrupt: 63 groups have the inodes of others');
});

test('a name that leads to a file a second time is listed, however many names the inode admits to', async () => {
  const image = new ExtImage({ used: 256, inodes: 64 });
  const at = image.take(1);
  image.bytes.write('content', at * BLOCK);
  image.inode(11, { mode: FILE, size: 7, extents: [{ start: 0, count: 1, at }] });
  image.root(Array.from({ length: 500 }, (_, i) => ({ name: `name ${i}`, inode: 11 })));
  const { members, measured } = await unpack('ext', image.bytes, scratch);
  expect(members.filter(({ text }) => text === 'content')).toHaveLength(1);
  expect(measured).toMatchObject({ links: 499 });
});
