// needs: qemu-utils
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { crc32c } from '../src/unpack/disks/crc32c.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

// What no tool here makes: images that stand on others, were not closed, or say two things.

const MIB = 1024 * 1024;
let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = join(scratch.path, 'faults');
  mkdirSync(folder);
  writeFileSync(join(folder, 'raw'), Buffer.alloc(4 * MIB).fill('content ', MIB, 2 * MIB));
});
afterAll(() => scratch.remove());

function image(kind: string, ...more: string[]): Buffer {
  tool(folder, 'qemu-img', ['convert', '-f', 'raw', '-O', kind, ...more, 'raw', 'image']);
  return readFileSync(join(folder, 'image'));
}

describe.runIf(hasTool('qemu-img'))('images', () => {
  test('a VHDX that was not closed is a gap, and is read as it stands', async () => {
    const bytes = image('vhdx');
    for (const at of [64 * 1024, 128 * 1024]) {
      bytes.fill(7, at + 48, at + 64);
      bytes.writeUInt32LE(0, at + 4);
      bytes.writeUInt32LE(crc32c(bytes.subarray(at, at + 4096)), at + 4);
    }
    const { members, gaps } = await unpack('vhdx', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('not closed') }]);
    expect(members[0]).toMatchObject({ name: '(disk)', size: 4 * MIB });
  });

  test('a VHD that stands on another one is a gap', async () => {
    const bytes = image('vpc');
    for (const at of [0, bytes.length - 512]) {
      bytes.writeUInt32BE(4, at + 60);
      const sum = bytes.readUInt32BE(at + 64);
      bytes.writeUInt32BE(sum - 1, at + 64);
    }
    const { members, gaps } = await unpack('vhd', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
    expect(members).toHaveLength(1);
  });

  test('a VHD whose footer does not add up is read by its copy, and said to be damaged', async () => {
    const bytes = image('vpc');
    bytes.writeUInt8(99, bytes.length - 512 + 60);
    const { members, gaps } = await unpack('vhd', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt' }]);
    expect(members).toHaveLength(1);
  });

  test('a VDI that stands on another one is a gap', async () => {
    const bytes = image('vdi');
    bytes.fill(7, 440, 456);
    const { gaps } = await unpack('vdi', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
  });

  test('a VMDK whose two directories differ shows both disks', async () => {
    const bytes = image('vmdk');
    const first = bytes.readUInt32LE(56) * 512;
    const table = bytes.readUInt32LE(first) * 512;
    const grain = [...Array(64).keys()].find((i) => bytes.readUInt32LE(table + i * 4) !== 0) ?? 0;
    bytes.writeUInt32LE(0, table + grain * 4);
    const { members, gaps } = await unpack('vmdk', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('two directories') }]);
    expect(members.map(({ name }) => name)).toEqual(['(disk)', '(disk by the second directory)']);
  });

  test('an encrypted QCOW2 is a gap of all its bytes', async () => {
    const secret = ['--object', 'secret,id=s,data=secret', '-o', 'encrypt.format=aes,encrypt.key-secret=s'];
    tool(folder, 'qemu-img', ['create', '-q', '-f', 'qcow2', ...secret, 'locked', '4M']);
    const { members, gaps } = await unpack('qcow2', join(folder, 'locked'), scratch);
    expect([members, gaps]).toMatchObject([[], [{ reason: 'encrypted' }]]);
  });

  test('a QCOW2 whose data are in another file is a gap', async () => {
    tool(folder, 'qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'data_file=other', 'split', '4M']);
    const { gaps } = await unpack('qcow2', join(folder, 'split'), scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', detail: expect.stringContaining('other') }]);
  });

  test('a QCOW2 that leads back to itself does not', async () => {
    const bytes = image('qcow2');
    const l1 = Number(bytes.readBigUInt64BE(40));
    bytes.copy(bytes, l1 + 8, l1, l1 + 8);
    const { gaps } = await unpack('qcow2', bytes, scratch);
    expect(gaps.every(({ reason }) => reason === 'corrupt')).toBe(true);
    const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n);
    bytes.writeBigUInt64BE(1n << 63n, l2);
    expect((await unpack('qcow2', bytes, scratch)).members[0]?.text.startsWith('QFI')).toBe(false);
  });
});

/** A GPT of one partition with both headers, for sectors of that length. */
function gptOf(sector: number, first: number, last: number, size: number): Buffer {
  const disk = Buffer.alloc(size);
  const table = Buffer.alloc(128 * 128);
  table.write('AF3DC60F838472478E793D69D8477DE4', 0, 'hex');
  table.fill(1, 16, 32);
  table.writeBigUInt64LE(BigInt(first), 32);
  table.writeBigUInt64LE(BigInt(last), 40);
  const end = size / sector - 1;
  for (const [own, other, at] of [
    [1, end, 2],
    [end, 1, end - table.length / sector],
  ] as const) {
    const header = Buffer.alloc(92);
    header.write('EFI PART\0\0\x01\0\x5c', 'latin1');
    header.writeBigUInt64LE(BigInt(own), 24);
    header.writeBigUInt64LE(BigInt(other), 32);
    header.writeBigUInt64LE(BigInt(at), 72);
    header.writeUInt32LE(128, 80);
    header.writeUInt32LE(128, 84);
    header.writeUInt32LE(crc32(table), 88);
    header.writeUInt32LE(crc32(header), 16);
    header.copy(disk, own * sector);
    table.copy(disk, at * sector);
  }
  return disk;
}

function mbrOf(
  size: number,
  entries: readonly (readonly [type: number, first: number, count: number])[],
): Buffer {
  const disk = Buffer.alloc(size);
  for (const [index, [type, first, count]] of entries.entries()) {
    disk.writeUInt8(type, 446 + index * 16 + 4);
    disk.writeUInt32LE(first, 446 + index * 16 + 8);
    disk.writeUInt32LE(count, 446 + index * 16 + 12);
  }
  disk.writeUInt16BE(0x55aa, 510);
  return disk;
}

describe('partition tables', () => {
  test.each([512, 4096])('a GPT with sectors of %d bytes', async (sector) => {
    const disk = gptOf(sector, 256, 300, 8 * MIB);
    disk.write('in the partition', 256 * sector);
    const { members, gaps } = await unpack('gpt', disk, scratch);
    expect(gaps).toEqual([]);
    expect(members).toMatchObject([{ name: '(partition 1, Linux)', size: 45 * sector }]);
    expect(members[0]?.text).toMatch(/^in the partition/);
  });

  test('two tables that list different partitions show both', async () => {
    const disk = gptOf(512, 256, 300, 8 * MIB);
    gptOf(512, 1000, 1100, 8 * MIB).copy(disk, 4 * MIB, 4 * MIB);
    const { members } = await unpack('gpt', disk, scratch);
    expect(members.map(({ name }) => name)).toEqual([
      '(partition 1, Linux)',
      '(partition 1 of the backup table, Linux)',
    ]);
  });

  test('an entry that is not in use and holds something is handed on', async () => {
    const disk = gptOf(512, 256, 300, 8 * MIB);
    disk.write('hidden here', 1024 + 128 * 50 + 16);
    const { members, gaps } = await unpack('gpt', disk, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt' }]);
    expect(members.at(-1)?.text).toMatch(/^hidden here/);
  });

  test('more entries than are read, and places beyond all disks, are gaps', async () => {
    const disk = gptOf(512, 256, 300, 8 * MIB);
    disk.writeUInt32LE(0xffff_ffff, 512 + 80);
    disk.fill(0xff, 1024 + 40, 1024 + 48);
    const { gaps } = await unpack('gpt', disk, scratch);
    expect(gaps.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['corrupt', 'budget_exceeded']));
  });

  test('an MBR of a disk with sectors of 4096 bytes is told by where something stands', async () => {
    const disk = mbrOf(16 * MIB, [[0x83, 256, 512]]);
    disk.write('in the partition', MIB);
    const { members } = await unpack('mbr', disk, scratch);
    expect(members).toMatchObject([{ name: '(partition 1, Linux)', size: 2 * MIB }]);
  });

  test('a partition that holds its own table is not opened again; its bytes are handed on', async () => {
    const disk = mbrOf(4 * MIB, [[0x83, 0, 8192]]);
    disk.write('behind the table', MIB);
    const { members, measured } = await unpack('mbr', disk, scratch);
    expect(measured).toEqual({ partitions_from_the_first_byte: 1 });
    expect(members.map(({ text }) => text.slice(0, 16))).toEqual(['behind the table']);
  });

  test('a table at every sector that leads to the next one ends by the budget', async () => {
    const disk = Buffer.alloc(2 * MIB);
    for (let at = 0; at < 64 * 512; at += 512)
      mbrOf(512, [
        [5, 1, 4000],
        [0x83, 1, 4000],
      ]).copy(disk, at);
    const { gaps } = await unpack('mbr', disk, scratch, {
      limits: { max_depth: 4 },
      inner: ['mbr', 'mbr', 'mbr', 'mbr'],
    });
    expect(gaps.map(({ reason }) => reason)).toContain('budget_exceeded');
  });
});
