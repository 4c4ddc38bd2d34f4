// needs: xfsprogs qemu-utils gdisk zstd
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { xfsImage } from './kit/archives/xfs-image.ts';

// XFS as mkfs.xfs writes it, as xfs_db changes it, and as nobody should.

const MANY = 900;
/** Files on it start with this, so that they can be told from what is left of them. */
const LARGE = Buffer.from('a line of the large file\n'.repeat(20_000));

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = scratch.path;
  mkdirSync(join(folder, 'tree/many'), { recursive: true });
  mkdirSync(join(folder, 'tree/some'));
  mkdirSync(join(folder, 'tree/a/b/c'), { recursive: true });
  writeFileSync(join(folder, 'tree/a.txt'), 'a text');
  writeFileSync(join(folder, 'tree/a/b/c/deep.txt'), 'a deep text');
  writeFileSync(join(folder, 'tree/empty'), '');
  writeFileSync(join(folder, 'tree/large.txt'), LARGE);
  symlinkSync('../../outside', join(folder, 'tree/link'));
  symlinkSync('x'.repeat(600), join(folder, 'tree/long-link'));
  tool(folder, 'mkfifo', ['tree/pipe']);
  for (let i = 0; i < MANY; i++)
    writeFileSync(join(folder, `tree/many/one-of-many-files-number-${i}`), `${i}`);
  for (let i = 0; i < 30; i++) writeFileSync(join(folder, `tree/some/one-of-some-files-number-${i}`), `${i}`);
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

const BASE = ['-d', 'agcount=1'];
const image = (...options: string[]): Buffer =>
  xfsImage(folder, 'tree', options.length > 0 ? options : undefined);
const textOf = ({ members }: Unpacked, name: string): string | undefined =>
  members.find((member) => member.name === name)?.text;

/** Changes an image as xfs_db does, check sums included. */
function edited(bytes: Buffer, ...commands: string[]): Buffer {
  writeFileSync(join(folder, 'edited'), bytes);
  tool(folder, 'xfs_db', ['-x', ...commands.flatMap((one) => ['-c', one]), 'edited']);
  return readFileSync(join(folder, 'edited'));
}

/** What xfs_db prints. */
function asked(bytes: Buffer, ...commands: string[]): string {
  writeFileSync(join(folder, 'asked'), bytes);
  return tool(folder, 'xfs_db', ['-r', ...commands.flatMap((one) => ['-c', one]), 'asked']).toString();
}

/** Where the inode of a file or folder lies. */
function inodeAt(bytes: Buffer, path: string): number {
  return Number(/byte offset (\d+)/.exec(asked(bytes, `path /${path}`, 'addr'))?.[1]);
}

/** The first block of a file. */
function blockOf(bytes: Buffer, path: string): number {
  return Number(/\[0,(\d+)/.exec(asked(bytes, `path /${path}`, 'print u3.bmx'))?.[1]);
}

describe.runIf(hasTool('mkfs.xfs'))('XFS', () => {
  test.each([
    ['version 5', ['-b', 'size=1024', ...BASE]],
    ['version 4 without types of files in folders', ['-m', 'crc=0,finobt=0', '-n', 'ftype=0', ...BASE]],
    ['version 4 with blocks of 512 bytes', ['-m', 'crc=0,finobt=0', '-b', 'size=512', ...BASE]],
    ['folders with blocks of 8 KiB', ['-b', 'size=1024', '-n', 'size=8192', ...BASE]],
    ['trees of owners and shared blocks', ['-b', 'size=1024', '-m', 'rmapbt=1,reflink=1', ...BASE]],
    ['inodes of 2 KiB', ['-m', 'crc=0,finobt=0', '-i', 'size=2048', ...BASE]],
  ])('%s: files, folders of every size, and links come out', async (_, options) => {
    const result = await unpack('xfs', image(...options), scratch);
    expect(result.gaps).toEqual([]);
    expect(textOf(result, 'a.txt')).toBe('a text');
    expect(textOf(result, 'a/b/c/deep.txt')).toBe('a deep text');
    expect(result.members.find(({ name }) => name === 'large.txt')?.size).toBe(LARGE.length);
    expect(result.members.filter(({ name }) => name.startsWith('many/'))).toHaveLength(MANY);
    expect(result.members.filter(({ name }) => name.startsWith('some/'))).toHaveLength(30);
    expect(textOf(result, `many/one-of-many-files-number-${MANY - 1}`)).toBe(`${MANY - 1}`);
    expect(result.measured).toMatchObject({ links: 2, outward_links: 1, devices: 1 });
    // Nothing of a new file system is left over: all its structures are known.
    expect(result.members.filter(({ name }) => name.includes('in no member'))).toEqual([]);
  });

  test('what is free and not empty, and what stands behind the end of a file, is seen', async () => {
    const bytes = image();
    bytes.write('a deleted file', 15_000 * 1024);
    bytes.write('slack', blockOf(bytes, 'a.txt') * 1024 + 100);
    const { members, gaps } = await unpack('xfs', bytes, scratch);
    expect(gaps).toEqual([]);
    const left = members.filter(({ name }) => name.includes('in no member')).map(({ text }) => text);
    expect(left).toContainEqual(expect.stringMatching(/^a deleted file/));
    expect(left).toContainEqual(expect.stringMatching(/^slack/));
  });

  test('an image that is cut off gives what it can, and says what is missing', async () => {
    const bytes = image();
    const { members, gaps } = await unpack('xfs', bytes.subarray(0, bytes.length - 4096), scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('4096 bytes') }]);
    expect(members.map(({ name }) => name)).toContain('a.txt');
  });

  test('an inode that is damaged costs only its file', async () => {
    const bytes = image();
    const offset = inodeAt(bytes, 'large.txt');
    bytes.write('XX', offset);
    const { members, gaps } = await unpack('xfs', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', member: 'large.txt' }]);
    expect(members.map(({ name }) => name)).toContain('a.txt');
    // Its bytes are not lost: they belong to nobody now.
    const left = members.filter(({ name }) => name.includes('in no member'));
    expect(left.some(({ text }) => text.includes('a line of the large file'))).toBe(true);
  });

  test('a folder that leads back to its parents is told, and ends', async () => {
    const bytes = image();
    const inode = Number(/= (\d+)/.exec(asked(bytes, 'path /a', 'print v3.inumber'))?.[1]);
    const looped = edited(bytes, 'path /a/b', `write u3.sfdir3.list[0].inumber.i4 ${inode}`);
    const { gaps } = await unpack('xfs', looped, scratch);
    expect(gaps).toMatchObject([
      { reason: 'corrupt', member: 'a/b/c/', detail: expect.stringContaining('two places') },
    ]);
  });

  test('a file on the realtime device is a gap', async () => {
    const bytes = image();
    const { gaps } = await unpack('xfs', edited(bytes, 'path /large.txt', 'write core.realtime 1'), scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', member: 'large.txt' }]);
  });

  test('a file of 8 EiB of holes is not read for ever', async () => {
    const bytes = image();
    const inode = 'path /large.txt';
    const endless = await unpack('xfs', edited(bytes, inode, 'write core.size 0x7fffffffffffffff'), scratch);
    expect(endless.gaps).toMatchObject([{ reason: 'budget_exceeded', member: 'large.txt' }]);
    const long = await unpack('xfs', edited(bytes, inode, 'write core.size 0xffffffffff'), scratch);
    expect(long.gaps).toEqual([]);
    expect(long.measured['hole_bytes_left_out']).toBeGreaterThan(2 ** 39);
    expect(textOf(long, 'large.txt')?.startsWith('a line of')).toBe(true);
  });

  test('two files that share their blocks are both seen', async () => {
    const bytes = image();
    const shared = `write u3.bmx[0].startblock ${blockOf(bytes, 'large.txt')}`;
    const { members, gaps } = await unpack('xfs', edited(bytes, 'path /a.txt', shared), scratch);
    expect(gaps).toEqual([]);
    expect(members.find(({ name }) => name === 'a.txt')?.text).toBe('a line');
    expect(members.find(({ name }) => name === 'large.txt')?.size).toBe(LARGE.length);
  });

  test('an extent outside the file system is missing, not read', async () => {
    const bytes = image();
    const lost = edited(bytes, 'path /large.txt', 'write u3.bmx[0].startblock 0xffffff');
    expect((await unpack('xfs', lost, scratch)).gaps).toMatchObject([
      { reason: 'corrupt', member: 'large.txt' },
    ]);
  });

  test('a log that was not closed, or is elsewhere, or is damaged, is told', async () => {
    const bytes = image();
    const logAt = Number(/= (\d+)/.exec(asked(bytes, 'sb 0', 'print logstart'))?.[1]) * 1024;
    expect(bytes.readUInt32BE(logAt)).toBe(0xfeedbabe);
    const open = Buffer.from(bytes);
    open.writeUInt8(0, logAt + 512 + 9);
    expect((await unpack('xfs', open, scratch)).gaps).toMatchObject([
      { reason: 'corrupt', detail: expect.stringContaining('not unmounted') },
    ]);
    const broken = Buffer.from(bytes);
    broken.writeUInt32BE(7, logAt);
    expect((await unpack('xfs', broken, scratch)).gaps).toMatchObject([
      { reason: 'corrupt', detail: expect.stringContaining('log is damaged') },
    ]);
    const elsewhere = Buffer.from(bytes);
    elsewhere.writeBigUInt64BE(0n, 48);
    expect((await unpack('xfs', elsewhere, scratch)).gaps).toMatchObject([
      { reason: 'unsupported_format', detail: expect.stringContaining('another device') },
    ]);
  });

  test('features that nobody knew yet are a gap, and what can be read is', async () => {
    const bytes = image();
    bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x1000, 216);
    const { members, gaps } = await unpack('xfs', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
    expect(members.map(({ name }) => name)).toContain('a.txt');
  });

  test('a super block that says what cannot be is damage', async () => {
    for (const [at, value] of [
      [84, 0],
      [88, 0xffff_ffff],
      [4, 0x10_0000],
      [100, 0xffff_ffff],
    ] as const) {
      const bytes = image();
      bytes.writeUInt32BE(value, at);
      const { gaps } = await unpack('xfs', bytes, scratch);
      expect(gaps.length).toBeGreaterThan(0);
    }
  });

  test.runIf(hasTool('qemu-img') && hasTool('sgdisk') && hasTool('zstd'))(
    'a file in XFS in a GPT partition in a QCOW2 is read where it lies',
    async () => {
      const disk = Buffer.alloc(20 * 2 ** 20);
      image().copy(disk, 2 ** 20);
      writeFileSync(join(folder, 'disk'), disk);
      tool(folder, 'sgdisk', ['-n', '1:2048:+16M', '-t', '1:8300', 'disk']);
      tool(folder, 'qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', 'disk', 'disk.qcow2']);
      tool(folder, 'zstd', ['-q', '-f', 'disk.qcow2']);
      const inner = ['qcow2', 'gpt', 'xfs'];
      const result = await unpack('zstd', join(folder, 'disk.qcow2.zst'), scratch, {
        inner,
        name: 'disk.qcow2.zst',
      });
      expect(result.gaps).toEqual([]);
      expect(textOf(result, 'a/b/c/deep.txt')).toBe('a deep text');
    },
  );
});
