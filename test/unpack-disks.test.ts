// needs: qemu-utils e2fsprogs fdisk gdisk zstd
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';
import { ended, startCli, type Report } from './kit/cli.ts';

// Partitions, what disk images keep besides their disk, and disks within disks.

const MIB = 1024 * 1024;

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = join(scratch.path, 'disks');
  mkdirSync(folder);
  writeFileSync(join(folder, 'raw'), Buffer.alloc(MIB, 'raw'));
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const able = ['qemu-img', 'qemu-io', 'mkfs.ext4', 'sfdisk', 'sgdisk'].every(hasTool);

function qemuImg(...args: string[]): void {
  tool(folder, 'qemu-img', args);
}

function write(name: string, ...commands: string[]): void {
  tool(folder, 'qemu-io', [...commands.flatMap((command) => ['-c', command]), name]);
}

/** 4 MiB with 64 KiB of that letter at 1 MiB. */
function diskOf(letter: string): Buffer {
  return Buffer.alloc(4 * MIB).fill(letter, MIB, MIB + 65_536);
}

/** A disk of 16 MiB, partitioned, with its number at the beginning of each place given. */
function disk(
  program: 'sfdisk' | 'sgdisk',
  args: readonly string[],
  places: readonly number[],
  input = '',
): Buffer {
  writeFileSync(join(folder, 'partitioned'), Buffer.alloc(16 * MIB));
  tool(folder, program, [...args, 'partitioned'], Buffer.from(input));
  const bytes = readFileSync(join(folder, 'partitioned'));
  for (const [index, place] of places.entries()) bytes.write(`place ${index}`, place);
  return bytes;
}

function names(members: readonly { readonly name: string }[]): string[] {
  return members.map(({ name }) => name);
}

describe.runIf(able)('what a disk image keeps besides its disk', () => {
  test('every snapshot that differs is another disk, and one that does not is only counted', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', 'kept', '4M');
    write('kept', 'write -P 0x41 1M 64k');
    qemuImg('snapshot', '-c', 'one', 'kept');
    qemuImg('snapshot', '-c', 'like one', 'kept');
    write('kept', 'write -P 0x42 1M 64k');
    const { members, gaps, measured } = await unpack('qcow2', join(folder, 'kept'), scratch);
    expect(gaps).toEqual([]);
    expect(members).toMatchObject([
      { name: '(disk)', sha256: sha256(diskOf('B')) },
      { name: '(snapshot one)', sha256: sha256(diskOf('A')) },
    ]);
    expect(measured).toMatchObject({ snapshots_like_another: 1 });
  });

  test('a cluster that no table leads to is handed on', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', 'leaked', '4M');
    const bytes = Buffer.concat([readFileSync(join(folder, 'leaked')), Buffer.alloc(65_536, 'left behind ')]);
    const { members } = await unpack('qcow2', bytes, scratch);
    expect(members.at(-1)?.text).toContain('left behind');
    expect(members.at(-1)?.name).toMatch(/in no member/);
  });

  test('of an image above another one its own clusters are seen, and the rest is a gap', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', 'base', '4M');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base', '-F', 'qcow2', 'above');
    write('above', 'write -P 0x43 0 64k');
    const { members, gaps } = await unpack('qcow2', join(folder, 'above'), scratch);
    expect(members[0]?.text).toMatch(/^C{100}/);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', detail: expect.stringContaining('base') }]);
  });

  test('a disk of a PiB costs what is in it, and all of that is seen', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', 'huge', '1P');
    write('huge', 'write -P 0x44 5T 64k', 'write -P 0x45 900T 64k');
    const { members, gaps, measured } = await unpack('qcow2', join(folder, 'huge'), scratch);
    expect(gaps).toEqual([]);
    expect(members).toHaveLength(1);
    expect(members[0]?.size).toBeLessThan(100 * MIB);
    expect(measured['hole_bytes_left_out']).toBeGreaterThan(1e15);
  });

  test('tables that all lead to the same few clusters are called a bomb', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', 'shared', '1T');
    write('shared', 'write -P 0x46 0 2M');
    const bytes = readFileSync(join(folder, 'shared'));
    const l1 = Number(bytes.readBigUInt64BE(40));
    const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n);
    for (let at = 8; at < 2 * MIB; at += 8) bytes.copy(bytes, l2 + at, l2, l2 + 8);
    const { members, gaps, unsafe } = await unpack('qcow2', bytes, scratch);
    expect(members).toEqual([]);
    expect(gaps).toMatchObject([{ reason: 'budget_exceeded' }]);
    expect(unsafe).toEqual(['bomb']);
  });

  test.each([
    ['monolithicFlat', /-flat/],
    ['twoGbMaxExtentSparse', /-s001/],
  ])('a descriptor (%s) says by a gap in which files its disk is', async (subformat, name) => {
    qemuImg('convert', '-f', 'raw', '-O', 'vmdk', '-o', `subformat=${subformat}`, 'raw', `${subformat}.vmdk`);
    const { gaps } = await unpack('vmdk', join(folder, `${subformat}.vmdk`), scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', detail: expect.stringMatching(name) }]);
  });
});

describe.runIf(able)('partitions', () => {
  const LOGICAL =
    'start=2048,size=2048,type=83\nstart=4096,type=5\nstart=6144,size=2048,type=c\nstart=10240,size=2048,type=82\n';
  const logical = (): Buffer => disk('sfdisk', ['-q'], [MIB, 3 * MIB, 5 * MIB], LOGICAL);
  test('primary and logical partitions are members, each whole', async () => {
    const { members, gaps } = await unpack('mbr', logical(), scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ name, size, text }) => [name, size, text.slice(0, 7)])).toEqual([
      ['(partition 1, Linux)', MIB, 'place 0'],
      ['(partition 5, FAT32)', MIB, 'place 1'],
      ['(partition 6, Linux swap)', MIB, 'place 2'],
    ]);
  });

  test('what stands before, between and behind the partitions is handed on', async () => {
    const bytes = logical();
    bytes.write('boot code', 0);
    bytes.write('in the gap', 600 * 512);
    bytes.write('behind it all', 16 * MIB - 512);
    const { members } = await unpack('mbr', bytes, scratch);
    const texts = members.map(({ text }) => text);
    for (const hidden of ['boot code', 'in the gap', 'behind it all'])
      expect(texts.some((text) => text.startsWith(hidden))).toBe(true);
  });

  test('a chain of logical partitions that leads back to itself ends', async () => {
    const bytes = logical();
    const second = bytes.readUInt32LE(4096 * 512 + 446 + 16 + 8);
    expect(second).toBeGreaterThan(0);
    bytes.writeUInt32LE(0, (4096 + second) * 512 + 446 + 16 + 8);
    bytes.writeUInt8(5, (4096 + second) * 512 + 446 + 16 + 4);
    bytes.writeUInt32LE(1, (4096 + second) * 512 + 446 + 16 + 12);
    const { members, gaps } = await unpack('mbr', bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('back to itself') }]);
    expect(names(members)).toContain('(partition 6, Linux swap)');
  });

  const GPT_ARGS = ['-n', '1:2048:4095', '-c', '1:data', '-n', '2:6144:8191', '-t', '2:8200'];
  const gptDisk = (args: readonly string[] = []): Buffer =>
    disk('sgdisk', [...GPT_ARGS, ...args], [MIB, 3 * MIB]);

  test('partitions of a GPT have the names that stand there', async () => {
    const { members, gaps, unsafe } = await unpack('gpt', gptDisk(), scratch);
    expect([gaps, unsafe]).toEqual([[], []]);
    expect(names(members)).toEqual(['(partition 1, data)', '(partition 2, Linux swap)']);
  });

  test('with its first header or table damaged the backup is read, and the damage is a gap', async () => {
    for (const at of [512 + 40, 1024 + 32]) {
      const bytes = gptDisk();
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
      const { members, gaps } = await unpack('gpt', bytes, scratch);
      expect(gaps[0]).toMatchObject({ reason: 'corrupt' });
      expect(members.some(({ text }) => text.startsWith('place 0'))).toBe(true);
    }
    const wiped = gptDisk();
    wiped.fill(0, 512, 34 * 512);
    const { members, gaps } = await unpack('mbr', wiped, scratch);
    expect(gaps.map(({ reason }) => reason)).toContain('corrupt');
    expect(names(members)).toContain('(partition 1, data)');
  });

  test('a hybrid MBR is no damage; what only it lists is seen as well', async () => {
    const bytes = gptDisk(['-h', '1']);
    const plain = await unpack('gpt', bytes, scratch);
    expect(plain.gaps).toEqual([]);
    const other = Buffer.from(bytes);
    other.write('only in the MBR', 10 * MIB);
    const free = [0, 1, 2, 3].map((n) => 446 + n * 16).find((at) => other.readUInt8(at + 4) === 0) ?? 0;
    other.writeUInt8(0x83, free + 4);
    other.writeUInt32LE(20_480, free + 8);
    other.writeUInt32LE(2048, free + 12);
    const { members } = await unpack('gpt', other, scratch);
    expect(members.some(({ name, text }) => name.includes('of the MBR') && text.startsWith('only'))).toBe(
      true,
    );
  });

  test('partitions that overlap are all seen, and counted', async () => {
    const bytes = logical();
    bytes.writeUInt32LE(8192, 446 + 12);
    const { members, measured, gaps } = await unpack('mbr', bytes, scratch);
    expect(gaps).toEqual([]);
    expect(measured).toEqual({ overlapping_partitions: 1 });
    expect(names(members)).toHaveLength(3);
  });

  test('a disk that was cut off says how many bytes of which partition are missing', async () => {
    const mbr = await unpack('mbr', logical().subarray(0, 5.5 * MIB), scratch);
    expect(mbr.gaps).toMatchObject([{ reason: 'corrupt', member: '(partition 6, Linux swap)' }]);
    const gpt = await unpack('gpt', gptDisk().subarray(0, 3.5 * MIB), scratch);
    expect(gpt.gaps.map(({ member }) => member)).toEqual([null, '(partition 2, Linux swap)']);
  });
});

describe.runIf(able && hasTool('zstd'))('a file in ext4 in a partition in a qcow2 in a tar.zst', () => {
  test('is reached, and only the image is ever written to scratch', async () => {
    const work = join(folder, 'nested');
    mkdirSync(join(work, 'root', 'home'), { recursive: true });
    writeFileSync(join(work, 'root', 'home', 'letter.age'), 'age-encryption.org/v1\n-> X25519 locked\n');
    // More than what is held in memory, and nothing that packs.
    const noise = Array.from({ length: 100_000 }, (_, i) => createHash('sha256').update(`${i}`).digest());
    writeFileSync(join(work, 'root', 'noise'), Buffer.concat(noise));
    tool(work, 'mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-d', 'root', 'ext', '24M']);
    const whole = Buffer.alloc(40 * MIB);
    readFileSync(join(work, 'ext')).copy(whole, MIB);
    writeFileSync(join(work, 'disk'), whole);
    tool(work, 'sgdisk', ['-n', '1:2048:+24M', '-c', '1:root', 'disk']);
    tool(work, 'qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', 'disk', 'vm.qcow2']);
    const image = readFileSync(join(work, 'vm.qcow2'));
    writeFileSync(join(work, 'a.tar'), tarBytes([{ name: 'vm.qcow2', content: image }]));
    mkdirSync(join(work, 'backup'));
    tool(work, 'zstd', ['-q', 'a.tar', '-o', 'backup/a.tar.zst']);
    const places = join(work, 'tmp');
    mkdirSync(places);
    const child = startCli(
      ['scan', '--format', 'json', '--clamd', 'off', '--yara', 'off', join(work, 'backup')],
      {
        env: { TMPDIR: places },
      },
    );
    let most = 0;
    const look = setInterval(() => (most = Math.max(most, bytesIn(places))), 5);
    child.stdin?.end();
    const { stdout } = await ended(child);
    clearInterval(look);
    const { results }: Report = JSON.parse(stdout);
    const gaps = results.flatMap((result) => result.gaps).filter(({ reason }) => reason !== 'engine_off');
    expect(gaps).toMatchObject([{ reason: 'encrypted', by: 'identify' }]);
    expect(gaps[0]?.trail.slice(1)).toEqual([
      'a.tar',
      'vm.qcow2',
      '(disk)',
      '(partition 1, root)',
      'home/letter.age',
    ]);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(image.length);
  });
});

/** Bytes of all files below a folder but those that say whose scratch it is; what is removed meanwhile counts nothing. */
function bytesIn(path: string): number {
  let sum = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === '.owner') continue;
    try {
      sum += statSync(join(entry.parentPath, entry.name)).size;
    } catch {
      // Removed since it was listed.
    }
  }
  return sum;
}
