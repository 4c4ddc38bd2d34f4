// needs: qemu-utils
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

// Disks as QEMU writes them: what is mapped must be what QEMU itself reads.

const MIB = 1024 * 1024;
/** Not a whole number of any image's blocks. */
const DISK_BYTES = 6 * MIB + 512 * 7;

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = join(scratch.path, 'disks');
  mkdirSync(folder);
  writeFileSync(join(folder, 'raw'), patterned());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

/** Data that packs and data that does not, with holes between. */
function patterned(): Buffer {
  const disk = Buffer.alloc(DISK_BYTES);
  for (let i = 0; i < MIB; i++) disk[i] = (i * 2654435761) >>> 24;
  disk.fill('text that packs well. ', 2 * MIB, 3 * MIB);
  for (let i = 0; i < 300_000; i++) disk[4 * MIB + 4096 + i] = ((i * i) ^ (i >>> 3)) & 0xff;
  disk.fill('the end', DISK_BYTES - 700);
  return disk;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The image that QEMU makes of the raw disk. */
function image(name: string, args: readonly string[]): Buffer {
  tool(folder, 'qemu-img', ['convert', '-f', 'raw', ...args, 'raw', name]);
  return readFileSync(join(folder, name));
}

function asQemuReads(name: string, format: string): string {
  tool(folder, 'qemu-img', ['convert', '-f', format, '-O', 'raw', name, `${name}.raw`]);
  return sha256(readFileSync(join(folder, `${name}.raw`)));
}

const IMAGES: readonly (readonly [name: string, id: string, format: string, args: readonly string[]])[] = [
  ['v3', 'qcow2', 'qcow2', ['-O', 'qcow2']],
  ['v2', 'qcow2', 'qcow2', ['-O', 'qcow2', '-o', 'compat=0.10']],
  ['packed', 'qcow2', 'qcow2', ['-O', 'qcow2', '-c']],
  ['packed-zstd', 'qcow2', 'qcow2', ['-O', 'qcow2', '-c', '-o', 'compression_type=zstd']],
  ['small-clusters', 'qcow2', 'qcow2', ['-O', 'qcow2', '-o', 'cluster_size=512']],
  ['large-clusters', 'qcow2', 'qcow2', ['-O', 'qcow2', '-c', '-o', 'cluster_size=2M']],
  ['subclusters', 'qcow2', 'qcow2', ['-O', 'qcow2', '-o', 'extended_l2=on,cluster_size=128k']],
  ['preallocated', 'qcow2', 'qcow2', ['-O', 'qcow2', '-o', 'preallocation=metadata']],
  ['v1', 'qcow2', 'qcow', ['-O', 'qcow']],
  ['sparse', 'vmdk', 'vmdk', ['-O', 'vmdk', '-o', 'subformat=monolithicSparse']],
  ['sparse-zeroed', 'vmdk', 'vmdk', ['-O', 'vmdk', '-o', 'zeroed_grain=on']],
  ['stream', 'vmdk', 'vmdk', ['-O', 'vmdk', '-o', 'subformat=streamOptimized']],
  ['dynamic-vpc', 'vhd', 'vpc', ['-O', 'vpc']],
  ['fixed-vpc', 'vhd', 'vpc', ['-O', 'vpc', '-o', 'subformat=fixed']],
  ['dynamic-vhdx', 'vhdx', 'vhdx', ['-O', 'vhdx']],
  ['small-blocks-vhdx', 'vhdx', 'vhdx', ['-O', 'vhdx', '-o', 'block_size=1M']],
  ['fixed-vhdx', 'vhdx', 'vhdx', ['-O', 'vhdx', '-o', 'subformat=fixed']],
  ['dynamic-vdi', 'vdi', 'vdi', ['-O', 'vdi']],
  ['static-vdi', 'vdi', 'vdi', ['-O', 'vdi', '-o', 'static=on']],
];

describe.runIf(hasTool('qemu-img')).each(IMAGES)('%s (%s)', (name, id, format, args) => {
  let bytes: Buffer;
  let expected: string;
  beforeAll(() => {
    bytes = image(name, args);
    expected = asQemuReads(name, format);
  });

  test('the disk is what QEMU reads of it, and nothing of the image is left over', async () => {
    const { members, gaps, unsafe } = await unpack(id, bytes, scratch);
    expect(gaps).toEqual([]);
    expect(unsafe).toEqual([]);
    expect(members).toMatchObject([{ name: '(disk)', sha256: expected }]);
  });

  test('cut off anywhere it is a gap, and never silent', async () => {
    const whole = bytes.length;
    const cuts = [whole - 1, whole - 600, whole - 70_000, whole * 0.7, whole * 0.3, 70_000, 600, 100];
    for (const cut of cuts.map((at) => Math.floor(at)).filter((at) => at > 0)) {
      const { members, gaps } = await unpack(id, bytes.subarray(0, cut), scratch);
      const same = members.some((member) => member.sha256 === expected);
      expect(gaps.length > 0 || same, `cut at ${cut} of ${whole}`).toBe(true);
    }
  });

  test('flipped bits in its tables neither end the program nor make it run on', async () => {
    const tables = Math.min(bytes.length, 400_000);
    for (let turn = 0; turn < 12; turn++) {
      const damaged = Buffer.from(bytes);
      const at = (turn * turn * 7919 + turn * 31) % (turn % 2 === 0 ? 4096 : tables);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (turn % 8));
      const { members, gaps } = await unpack(id, damaged, scratch, { leaveAfter: 3 * MIB });
      expect(members.length + gaps.length, `bit ${turn % 8} of byte ${at}`).toBeGreaterThan(0);
    }
  });
});
