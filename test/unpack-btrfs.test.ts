// needs: btrfs-progs
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { btrfsImage, btrfsItems, resum } from './kit/archives/btrfs-image.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

// Btrfs as mkfs.btrfs makes it, with compression and snapshots put into it, and as nobody should.

const MANY = 300;
const LARGE = Buffer.from('a line of the large file\n'.repeat(5000)).subarray(0, 120_000);
const INODE_ITEM = 1;
const DIR_INDEX = 96;
const EXTENT_DATA = 108;
const ROOT_ITEM = 132;

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = scratch.path;
  mkdirSync(join(folder, 'tree/many'), { recursive: true });
  mkdirSync(join(folder, 'tree/a/b/c'), { recursive: true });
  writeFileSync(join(folder, 'tree/a.txt'), 'a text');
  writeFileSync(join(folder, 'tree/empty'), '');
  writeFileSync(join(folder, 'tree/large.txt'), LARGE);
  writeFileSync(join(folder, 'tree/a/b/c/deep.txt'), 'a deep text');
  writeFileSync(join(folder, 'tree/holes'), '');
  truncateSync(join(folder, 'tree/holes'), 300_000);
  writeFileSync(join(folder, 'tree/holes'), 'the end', { flag: 'a' });
  symlinkSync('../../outside', join(folder, 'tree/link'));
  tool(folder, 'mkfifo', ['tree/pipe']);
  for (let i = 0; i < MANY; i++)
    writeFileSync(join(folder, 'tree/many', `one of many files, number ${i}`), `${i}`);
});
afterAll(() => scratch.remove());

const image = (options?: readonly string[]): Buffer => btrfsImage(folder, 'tree', options);
const found = ({ members }: Unpacked, name: string): Unpacked['members'][number] | undefined =>
  members.find((member) => member.name === name);

/** The inode that a name in some folder stands for. */
function inodeOf(bytes: Buffer, name: string): bigint {
  const entries = btrfsItems(bytes).filter(({ type }) => type === DIR_INDEX);
  const entry = entries.find(
    ({ at }) => bytes.toString('latin1', at + 30, at + 30 + bytes.readUInt16LE(at + 27)) === name,
  );
  return bytes.readBigUInt64LE(entry?.at ?? 0);
}

/** Changes the items of one kind and object, in all leaves that have them. */
function changed(bytes: Buffer, object: bigint, kind: number, change: (at: number) => void): Buffer {
  for (const item of btrfsItems(bytes)) {
    if (item.object !== object || item.type !== kind) continue;
    change(item.at);
    resum(bytes, item.leaf);
  }
  return bytes;
}

/** Literals only, as any LZO decoder takes them (Linux, Documentation/staging/lzo.rst). */
function lzo(bytes: Buffer): Buffer {
  const rest = bytes.length - 18;
  const zeros = Math.ceil(rest / 255) - 1;
  const head = Buffer.from([0, ...Array<number>(zeros).fill(0), rest - zeros * 255]);
  return Buffer.concat([head, bytes, Buffer.from([0x11, 0, 0])]);
}

/** As Linux, fs/btrfs/lzo.c, writes an extent. */
function lzoExtent(bytes: Buffer): Buffer {
  let out = Buffer.alloc(4);
  for (let at = 0; at < bytes.length; at += 4096) {
    const piece = lzo(bytes.subarray(at, at + 4096));
    const left = 4096 - (out.length % 4096);
    if (left < 4) out = Buffer.concat([out, Buffer.alloc(left)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(piece.length);
    out = Buffer.concat([out, length, piece]);
  }
  out.writeUInt32LE(out.length);
  return out;
}

/** The large file, packed where it lay. */
function withPacked(bytes: Buffer, compression: number, packed: Buffer): Buffer {
  return changed(bytes, inodeOf(bytes, 'large.txt'), EXTENT_DATA, (at) => {
    const from = bytes.indexOf(LARGE.subarray(0, 4096));
    if (from >= 0) bytes.fill(0, from, from + LARGE.length).set(packed, from);
    bytes.writeUInt8(compression, at + 16);
    bytes.writeBigUInt64LE(BigInt(Math.ceil(packed.length / 4096) * 4096), at + 29);
  });
}

/** Of the first leaves that hold the inode of the small file, the sums no longer match. */
function damage(bytes: Buffer, copies: number): void {
  const inode = inodeOf(bytes, 'a.txt');
  const items = btrfsItems(bytes).filter(({ object, type }) => object === inode && type === INODE_ITEM);
  for (const { leaf } of items.slice(0, copies)) bytes.writeUInt32LE(7, leaf);
}

describe.runIf(hasTool('mkfs.btrfs'))('Btrfs', () => {
  test.each([
    ['mixed groups', ['--mixed', '-n', '4096']],
    ['groups of their own for trees, each twice', ['-n', '4096', '-m', 'dup']],
    ['nodes of 16 KiB and sums of SHA-256', ['--mixed', '-n', '16384', '-s', '16384', '--csum', 'sha256']],
  ])('%s: files, large folders, holes and links come out as btrfs restore finds them', async (_, options) => {
    const bytes = image(options);
    const result = await unpack('btrfs', bytes, scratch);
    expect(result.gaps).toEqual([]);
    expect(found(result, 'a.txt')?.text).toBe('a text');
    expect(found(result, 'a/b/c/deep.txt')?.text).toBe('a deep text');
    expect(found(result, 'holes')).toMatchObject({ size: 300_007 });
    expect(result.members.filter(({ name }) => name.startsWith('many/'))).toHaveLength(MANY);
    expect(result.measured).toMatchObject({ links: 1, outward_links: 1, devices: 1 });
    if (options.includes('16384')) return;
    writeFileSync(join(folder, 'asked'), bytes);
    tool(folder, 'rm', ['-rf', 'restored']);
    mkdirSync(join(folder, 'restored'));
    tool(folder, 'btrfs', ['restore', 'asked', 'restored']);
    for (const name of [
      'large.txt',
      'holes',
      'a/b/c/deep.txt',
      `many/one of many files, number ${MANY - 1}`,
    ]) {
      const hash = tool(folder, 'sha256sum', ['--', join('restored', name)])
        .toString()
        .slice(0, 64);
      expect(found(result, name)?.sha256).toBe(hash);
    }
  });

  test.each([
    ['zlib', 1, deflateSync(LARGE)],
    ['LZO', 2, lzoExtent(Buffer.concat([LARGE, Buffer.alloc(2880)]))],
    ['Zstandard', 3, zstdCompressSync(LARGE)],
  ])('what is compressed with %s is unpacked', async (_, compression, packed) => {
    const bytes = withPacked(image(), compression, packed);
    const result = await unpack('btrfs', bytes, scratch);
    expect(result.gaps).toEqual([]);
    expect(found(result, 'large.txt')).toMatchObject({ size: LARGE.length });
    expect(found(result, 'large.txt')?.text).toBe(LARGE.toString('latin1', 0, 4096));
    const broken = withPacked(image(), compression, Buffer.alloc(4000, 'no packed bytes '));
    const damaged = await unpack('btrfs', broken, scratch);
    expect(damaged.gaps).toMatchObject([{ reason: 'corrupt', member: 'large.txt' }]);
    expect(found(damaged, 'large.txt')?.size).toBe(LARGE.length);
    expect(found(damaged, 'a.txt')?.text).toBe('a text');
  });

  test('the files of a snapshot are seen, and those that are the same once', async () => {
    const bytes = image();
    // Of the tree for relocated data, the last of the list, a snapshot of the tree of files is made.
    const trees = btrfsItems(bytes).filter(({ type }) => type === ROOT_ITEM);
    for (const tree of trees.filter(({ object }) => object === 2n ** 64n - 9n)) {
      const files = trees.find(({ leaf, object }) => leaf === tree.leaf && object === 5n);
      if (files === undefined) continue;
      bytes.copy(bytes, tree.at + 176, files.at + 176, files.at + 184);
      bytes.copy(bytes, tree.at + 238, files.at + 238, files.at + 239);
      bytes.writeBigUInt64LE(300n, tree.keyAt);
      resum(bytes, tree.leaf);
    }
    const unlisted = await unpack('btrfs', bytes, scratch);
    expect(unlisted.gaps).toEqual([]);
    expect(unlisted.measured['files_of_snapshots_like_another']).toBe(MANY + 5);
    for (const item of btrfsItems(bytes)) {
      if (item.type !== DIR_INDEX || bytes.toString('latin1', item.at + 30, item.at + 34) !== 'many')
        continue;
      bytes.writeBigUInt64LE(300n, item.at);
      bytes.writeUInt8(ROOT_ITEM, item.at + 8);
      resum(bytes, item.leaf);
    }
    const listed = await unpack('btrfs', bytes, scratch);
    expect(listed.gaps).toEqual([]);
    expect(listed.measured['files_of_snapshots_like_another']).toBe(5);
  });

  test('a node that does not add up is read by its copy, or said', async () => {
    const twice = image(['-n', '4096', '-m', 'dup']);
    damage(twice, 1);
    expect((await unpack('btrfs', twice, scratch)).gaps).toEqual([]);
    const once = image();
    damage(once, 2);
    const result = await unpack('btrfs', once, scratch);
    expect(result.gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('check sums') }]);
    expect(found(result, 'a.txt')?.text).toBe('a text');
  });

  test('a tree that leads to itself, and a node that is gone, are damage and end', async () => {
    for (const target of ['itself', 'nowhere']) {
      const bytes = image();
      const size = bytes.readUInt32LE(65_536 + 148);
      const fsid = bytes.subarray(65_536 + 32, 65_536 + 48);
      for (let node = 0; node + size <= bytes.length; node += 4096) {
        if (node === 65_536 || !bytes.subarray(node + 32, node + 48).equals(fsid) || bytes[node + 100] === 0)
          continue;
        for (let i = 0; i < Math.min(100, bytes.readUInt32LE(node + 96)); i++) {
          const pointer = node + 101 + i * 33 + 17;
          if (target === 'itself') bytes.copy(bytes, pointer, node + 48, node + 56);
          else bytes.writeBigUInt64LE(2n ** 60n, pointer);
        }
        resum(bytes, node);
      }
      const { gaps } = await unpack('btrfs', bytes, scratch);
      expect(gaps.some(({ reason }) => reason === 'corrupt')).toBe(true);
    }
  });

  test.each([2n ** 63n, 2n ** 52n, 2n ** 40n])('an extent at %d is missing, not read', async (value) => {
    const bytes = image();
    changed(bytes, inodeOf(bytes, 'large.txt'), EXTENT_DATA, (at) => bytes.writeBigUInt64LE(value, at + 21));
    const { gaps } = await unpack('btrfs', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', member: 'large.txt' }]);
  });

  test('a file of 8 EiB of holes is not read for ever', async () => {
    const bytes = image();
    const sized = (value: bigint): Buffer =>
      changed(bytes, inodeOf(bytes, 'large.txt'), INODE_ITEM, (at) => bytes.writeBigUInt64LE(value, at + 16));
    const endless = await unpack('btrfs', sized(2n ** 63n), scratch);
    expect(endless.gaps).toMatchObject([{ reason: 'budget_exceeded', member: 'large.txt' }]);
    const long = await unpack('btrfs', sized(2n ** 40n), scratch);
    expect(long.measured['hole_bytes_left_out']).toBeGreaterThan(2 ** 39);
    expect(found(long, 'a.txt')?.text).toBe('a text');
  });

  test('files that are encrypted, a log, other devices and unknown features are gaps', async () => {
    const bytes = image();
    const locked = Buffer.from(bytes);
    changed(locked, inodeOf(bytes, 'large.txt'), EXTENT_DATA, (at) => locked.writeUInt8(1, at + 17));
    const encrypted = await unpack('btrfs', locked, scratch);
    expect(encrypted.gaps).toMatchObject([{ reason: 'encrypted', member: 'large.txt' }]);
    for (const [at, value, reason] of [
      [96, 0x100_0000, 'corrupt'],
      [136, 3, 'unsupported_format'],
      [190, 0xff, 'unsupported_format'],
    ] as const) {
      const other = Buffer.from(bytes);
      other.writeUInt32LE(value, 65_536 + at);
      const { gaps, members } = await unpack('btrfs', other, scratch);
      expect(gaps).toMatchObject([{ reason }]);
      expect(members.map(({ name }) => name)).toContain('a.txt');
    }
  });

  test('what stands in free space and in the last block of a file is seen', async () => {
    const bytes = image();
    bytes.write('in the slack', bytes.indexOf(LARGE.subarray(0, 4096)) + LARGE.length + 10);
    bytes.write('a deleted file', 20 * 1024 * 1024);
    const { members } = await unpack('btrfs', bytes, scratch);
    const left = members.filter(({ name }) => name.includes('in no member')).map(({ text }) => text);
    for (const text of ['in the slack', 'a deleted file'])
      expect(left.some((one) => one.includes(text))).toBe(true);
  });

  test('an image that is cut off says so', async () => {
    const bytes = image();
    const { gaps } = await unpack('btrfs', bytes.subarray(0, bytes.length - 4096), scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('4096 bytes') }]);
    expect(readFileSync(join(folder, 'tree/a.txt'), 'latin1')).toBe('a text');
  });
});
