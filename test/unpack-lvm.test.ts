import { tmpdir } from 'node:os';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack } from './kit/archives/unpacked.ts';

// LVM's own programs need the device mapper: physical volumes made by code, as lib/format_text/layout.h has them.

const MIB = 1024 * 1024;
const EXTENT = 64 * 1024;
const DATA_AT = MIB;
const ID = 'abcdefghijklmnopqrstuvwxyz012345';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

function sumOf(bytes: Buffer): number {
  return ~crc32(bytes, ~0xf597_a6cf >>> 0) >>> 0;
}

/** One segment: type, stripes as `["pv0", 0]`, how many extents. */
function volume(name: string, extents: number, type: string, stripes: string, count = 1): string {
  return `${name} {
    id = "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg"
    status = ["READ", "WRITE", "VISIBLE"] # both
    segment_count = 1
    segment1 {
      start_extent = 0
      extent_count = ${extents}
      type = "${type}"
      stripe_count = ${count}
      stripe_size = 16
      stripes = [ ${stripes} ]
    }
  }`;
}

/** A physical volume of 4 MiB whose metadata say that, the text beginning `offset` bytes into its area. */
function physical(volumes: readonly string[], offset = 512): Buffer {
  const dashed = ID.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-$5-$6-');
  const text = Buffer.from(`vg0 {
  id = "x"
  extent_size = ${EXTENT / 512}
  physical_volumes {
    pv0 { id = "${dashed}" device = "/dev/\\"a\\"" pe_start = ${DATA_AT / 512} pe_count = 48 }
    pv1 { id = "other" pe_start = 2048 pe_count = 48 }
  }
  logical_volumes { ${volumes.join('\n')} }
}
contents = "Text Format Volume Group"
version = 1
\0`);
  const disk = Buffer.alloc(4 * MIB);
  const label = disk.subarray(512, 1024);
  label.write('LABELONE', 0);
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write('LVM2 001', 24);
  label.write(ID, 32);
  label.writeBigUInt64LE(BigInt(disk.length), 64);
  label.writeBigUInt64LE(BigInt(DATA_AT), 72);
  label.writeBigUInt64LE(4096n, 104);
  label.writeBigUInt64LE(BigInt(DATA_AT - 4096), 112);
  label.writeUInt32LE(sumOf(label.subarray(20)), 16);
  const area = disk.subarray(4096, DATA_AT);
  area.write(' LVM2 x[5A%r0N*>', 4, 'latin1');
  area.writeUInt32LE(1, 20);
  area.writeBigUInt64LE(4096n, 24);
  area.writeBigUInt64LE(BigInt(area.length), 32);
  area.writeBigUInt64LE(BigInt(offset), 40);
  area.writeBigUInt64LE(BigInt(text.length), 48);
  area.writeUInt32LE(sumOf(text), 56);
  const first = text.subarray(0, area.length - offset);
  first.copy(area, offset);
  text.copy(area, 512, first.length);
  return disk;
}

test('a linear volume is a member, and what no volume holds is handed on', async () => {
  const disk = physical([volume('root', 3, 'striped', '"pv0", 2')]);
  disk.fill('of the root ', DATA_AT + 2 * EXTENT, DATA_AT + 5 * EXTENT);
  disk.write('left behind', DATA_AT + 20 * EXTENT);
  const { members, gaps } = await unpack('lvm', disk, scratch);
  expect(gaps).toEqual([]);
  expect(members.map(({ name, size, text }) => [name, size, text.slice(0, 11)])).toEqual([
    ['(volume root)', 3 * EXTENT, 'of the root'],
    [expect.stringMatching(/in no member/), expect.any(Number), 'left behind'],
  ]);
});

test('the stripes of a volume are put together', async () => {
  const disk = physical([volume('striped', 2, 'striped', '"pv0", 0, "pv0", 10', 2)]);
  for (let turn = 0; turn < 8; turn++) {
    disk.fill(65 + 2 * turn, DATA_AT + turn * 8192, DATA_AT + (turn + 1) * 8192);
    disk.fill(66 + 2 * turn, DATA_AT + 10 * EXTENT + turn * 8192, DATA_AT + 10 * EXTENT + (turn + 1) * 8192);
  }
  const { members, gaps, unsafe } = await unpack('lvm', disk, scratch);
  expect([gaps, unsafe]).toEqual([[], []]);
  const wanted = Buffer.concat(Array.from({ length: 16 }, (_, i) => Buffer.alloc(8192, 65 + i)));
  expect(members).toHaveLength(1);
  const plain = physical([volume('plain', 2, 'striped', '"pv0", 0')]);
  wanted.copy(plain, DATA_AT);
  expect((await unpack('lvm', plain, scratch)).members[0]?.sha256).toBe(members[0]?.sha256);
});

test('metadata that go on at the beginning of their area are read', async () => {
  const disk = physical([volume('root', 1, 'linear', '"pv0", 0')], DATA_AT - 4096 - 100);
  const { members, gaps } = await unpack('lvm', disk, scratch);
  expect(gaps).toEqual([]);
  expect(members.map(({ name }) => name)).toEqual(['(volume root)']);
});

test('what lies on another physical volume, or is made of other volumes, is a gap of that volume', async () => {
  const disk = physical([
    volume('there', 4, 'striped', '"pv1", 0'),
    volume('half', 2, 'striped', '"pv0", 0, "pv1", 0', 2),
    volume('thin', 4, 'thin', ''),
  ]);
  const { gaps } = await unpack('lvm', disk, scratch);
  expect(gaps.map(({ member, reason }) => [member, reason])).toEqual([
    ['(volume there)', 'unsupported_format'],
    ['(volume half)', 'unsupported_format'],
    ['(volume thin)', 'unsupported_format'],
  ]);
});

test('it is never silent about damage: cut off, or with a bit flipped in label, area and text', async () => {
  const disk = physical([volume('root', 40, 'striped', '"pv0", 0')]);
  disk.fill('content ', DATA_AT);
  for (const cut of [300, 1000, 4200, 5000, MIB, 2 * MIB, 3 * MIB])
    expect((await unpack('lvm', disk.subarray(0, cut), scratch)).gaps, `cut at ${cut}`).not.toEqual([]);
  for (const at of [540, 600, 4096 + 10, 4096 + 41, 4096 + 49, 4096 + 520, 4096 + 700, 4096 + 900]) {
    const damaged = Buffer.from(disk);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    expect((await unpack('lvm', damaged, scratch)).gaps, `bit flipped at ${at}`).not.toEqual([]);
  }
});

test('numbers beyond all disks, and lists that never end, end at once', async () => {
  const huge = physical([
    volume('a', 9_007_199_254_740_000, 'striped', '"pv0", 0'),
    volume('b', 4e9, 'striped', '"pv0", 0, "pv0", 1', 2),
  ]);
  expect((await unpack('lvm', huge, scratch)).gaps).not.toEqual([]);
  const deep = physical(['a { '.repeat(5000)]);
  expect((await unpack('lvm', deep, scratch)).gaps[0]).toMatchObject({ reason: 'corrupt' });
});
