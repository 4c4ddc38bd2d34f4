// needs: qemu-utils
import { tmpdir } from 'node:os';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import {
  BtrfsImage,
  chunkItem,
  entryItem,
  extentItem,
  FILE,
  FOLDER,
  FS_TREE,
  inlineItem,
  inodeItem,
  NODE,
  ROOT_FOLDER,
  SUBVOLUME_ENTRY,
  type Item,
} from './kit/hostile/btrfs-bytes.ts';
import { virtualDisk } from './kit/hostile/virtual-disk.ts';

// What a btrfs claims, and what reading it may cost: work is counted, not seconds.

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

/** A root folder with these files in it, by their items. */
function filesOf(files: readonly (readonly Item[])[], first = ROOT_FOLDER + 1): Item[] {
  return [
    inodeItem(ROOT_FOLDER, FOLDER, 0),
    ...files.map((_, i) => entryItem(ROOT_FOLDER, i + 2, `file ${i}`, first + i)),
    ...files.flat(),
  ];
}

test('an image put together by hand is read without a complaint', async () => {
  const image = new BtrfsImage(MIB);
  const object = ROOT_FOLDER + 1;
  const tree = image.tree(
    filesOf([[inodeItem(object, FILE, 7), inlineItem(object, Buffer.from('content'))]]),
  );
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]]), scratch);
  expect(told(result)).toEqual([]);
  expect(result.members.find(({ name }) => name === 'file 0')?.text).toBe('content');
});

test('thousands of subvolumes with the same tree end, as a gap', async () => {
  const image = new BtrfsImage(4 * MIB);
  const files = Array.from({ length: 200 }, (_, i) => {
    const object = ROOT_FOLDER + 1 + i;
    return [inodeItem(object, FILE, 10), inlineItem(object, Buffer.from(`content ${i}`))];
  });
  const tree = image.tree(filesOf(files));
  const ids = Array.from({ length: 8000 }, (_, i) => 256 + i);
  const result = await unpack('btrfs', image.finish([FS_TREE, ...ids].map((id) => [id, tree])), scratch);
  expect(told(result)).toEqual([expect.stringMatching(/^budget_exceeded: many trees share the same nodes/)]);
  expect(inFiles(result).filter((name) => !name.includes('subvolume'))).toHaveLength(200);
});

test('a file that repeats one run of bytes ten thousand times is a bomb, and not read', async () => {
  const image = new BtrfsImage(4 * MIB);
  const at = image.take(MIB);
  image.bytes.fill('text ', at, at + MIB);
  const object = ROOT_FOLDER + 1;
  const extents = Array.from({ length: 10_000 }, (_, i) =>
    extentItem(object, { start: i * MIB, length: MIB, at, stored: MIB }),
  );
  const tree = image.tree(filesOf([[inodeItem(object, FILE, 10_000 * MIB), ...extents]]));
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]]), scratch);
  expect(result.unsafe).toEqual(['bomb']);
  expect(inFiles(result)).toEqual([]);
});

test('packed extents of which each gives one byte count as what has to be unpacked for it', async () => {
  const packed = deflateSync(Buffer.alloc(MIB));
  const image = new BtrfsImage(4 * MIB);
  const at = image.take(packed.length);
  packed.copy(image.bytes, at);
  const object = ROOT_FOLDER + 1;
  const extents = Array.from({ length: 10_000 }, (_, i) =>
    extentItem(object, { start: i, length: 1, at, stored: packed.length, unpacked: MIB, compression: 1 }),
  );
  const tree = image.tree(filesOf([[inodeItem(object, FILE, 10_000), ...extents]]));
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]]), scratch);
  expect(result.unsafe).toEqual(['bomb']);
  expect(inFiles(result)).toEqual([]);
});

test('a packed extent that claims all of the image for itself hides nothing of it', async () => {
  const image = new BtrfsImage(4 * MIB);
  const at = image.take(NODE);
  image.bytes.write('what nobody is to see', at);
  const object = ROOT_FOLDER + 1;
  const extent = { start: 0, length: 4096, at: 4096, stored: 4 * MIB - 4096, unpacked: 4096, compression: 1 };
  const tree = image.tree(filesOf([[inodeItem(object, FILE, 4096), extentItem(object, extent)]]));
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]]), scratch);
  expect(told(result)).toEqual(['corrupt: 4096 of its bytes cannot be unpacked']);
  expect(result.members.map(({ text }) => text).join()).toContain('what nobody is to see');
});

test('a tree whose nodes lead to themselves ends, as a gap', async () => {
  const image = new BtrfsImage(MIB);
  const at = image.take(NODE);
  const self = { ...inodeItem(ROOT_FOLDER, FOLDER, 0), at };
  image.branch([self], 1, at);
  const leaf = image.leaf([inodeItem(ROOT_FOLDER, FOLDER, 0)]);
  const twice = image.branch([leaf, { ...leaf, ...inodeItem(ROOT_FOLDER + 1, FOLDER, 0), at: leaf.at }], 1);
  const bytes = image.finish([
    [FS_TREE, { at, level: 1 }],
    [256, { at: twice.at, level: 1 }],
    [257, { at: image.leaf([inodeItem(ROOT_FOLDER, FOLDER, 0)]).at, level: 255 }],
  ]);
  const result = await unpack('btrfs', bytes, scratch);
  expect(told(result)).toContain('corrupt: a node of a tree in another level than its own');
  expect(told(result)).toContain('corrupt: tree 257: a tree with 256 levels');
  expect(inFiles(result)).toEqual([]);
});

/** One that stands where its leaf does in the tree, and others far behind it. */
function chunksOf(from: number): Item[] {
  const others = Array.from({ length: 20 }, (_, i) => chunkItem(2 ** 40 - from + i * NODE, NODE, 0));
  return [chunkItem(from, NODE, 0), ...others];
}

test('chunks that a second leaf lists in front of those of the first are damage', async () => {
  const image = new BtrfsImage(MIB);
  const leaves = [MIB, 2 * MIB, 3 * MIB].map((from) => image.leaf(chunksOf(from)));
  const root = image.branch(leaves, 1);
  const tree = image.tree(filesOf([]));
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]], { at: root.at, level: 1 }), scratch);
  expect(told(result)).toContain('corrupt: of its chunks: items that are not in order');
});

test('a name that leads to a file a second time is listed, however many names the inode admits to', async () => {
  const image = new BtrfsImage(MIB);
  const object = ROOT_FOLDER + 1;
  const tree = image.tree([
    inodeItem(ROOT_FOLDER, FOLDER, 0),
    ...Array.from({ length: 500 }, (_, i) => entryItem(ROOT_FOLDER, i + 2, `name ${i}`, object)),
    inodeItem(object, FILE, 7),
    inlineItem(object, Buffer.from('content')),
  ]);
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]]), scratch);
  expect(inFiles(result)).toEqual(['name 0']);
  expect(result.measured).toMatchObject({ links: 499 });
});

test('folders and subvolumes that lead to themselves are entered once', async () => {
  const image = new BtrfsImage(MIB);
  const tree = image.tree([
    inodeItem(ROOT_FOLDER, FOLDER, 0),
    entryItem(ROOT_FOLDER, 2, 'self', ROOT_FOLDER),
    entryItem(ROOT_FOLDER, 3, 'other', 256, SUBVOLUME_ENTRY),
    entryItem(ROOT_FOLDER, 4, 'this', FS_TREE, SUBVOLUME_ENTRY),
  ]);
  const bytes = image.finish([
    [FS_TREE, tree],
    [256, tree],
  ]);
  const result = await unpack('btrfs', bytes, scratch);
  expect(told(result)).toEqual([
    'corrupt: a folder that stands in two places',
    'corrupt: a folder that stands in two places',
  ]);
});

test('a file of 4 TiB that lies in a hole brings no more zeros along than the image may', async () => {
  const image = new BtrfsImage(MIB, 4 * TIB);
  const object = ROOT_FOLDER + 1;
  const tree = image.tree(
    filesOf([
      [
        inodeItem(object, FILE, 3 * TIB),
        inlineItem(object, Buffer.from('content')),
        extentItem(object, { start: NODE, length: 3 * TIB, at: 2 * MIB, stored: 3 * TIB }),
      ],
    ]),
  );
  const disk = virtualDisk(scratch.path, image.finish([[FS_TREE, tree]]), 4 * TIB);
  const result = await unpack('qcow2', disk, scratch, { inner: ['btrfs'] });
  expect(told(result)).toEqual([]);
  const file = result.members.find(({ name }) => name === 'file 0');
  expect(file?.text.startsWith('content')).toBe(true);
  expect(file?.size).toBeLessThan(128 * MIB);
});

test('sizes and places at the end of all numbers are gaps, and cost nothing', async () => {
  const image = new BtrfsImage(MIB);
  const [a, b, c] = [ROOT_FOLDER + 1, ROOT_FOLDER + 2, ROOT_FOLDER + 3];
  const tree = image.tree(
    filesOf([
      [inodeItem(a, FILE, 2n ** 63n - 1n)],
      [
        inodeItem(b, FILE, 2 ** 52),
        extentItem(b, { start: 0, length: 2 ** 62, at: 2 ** 62, stored: 2 ** 62 }),
      ],
      [
        inodeItem(c, FILE, 2 ** 52),
        extentItem(c, { start: 2 ** 52, length: 2 ** 52, at: 4096, stored: 2 ** 52, compression: 3 }),
      ],
    ]),
  );
  const result = await unpack('btrfs', image.finish([[FS_TREE, tree]]), scratch);
  expect(told(result)).toEqual([
    'budget_exceeded: a file of more than 8 PiB',
    expect.stringMatching(/^corrupt: \d+ of its bytes lie past the end/),
  ]);
  for (const { size } of result.members) expect(size).toBeLessThan(256 * MIB);
});
