// needs: e2fsprogs ntfs-3g squashfs-tools dosfstools mtools
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { dmgBytes } from './kit/archives/dmg-bytes.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

// What file systems hold beside ordinary files, and which kinds of them are a gap.

const MIB = 1024 * 1024;
const MANY = 600;

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = scratch.path;
  mkdirSync(join(folder, 'tree/many'), { recursive: true });
  mkdirSync(join(folder, 'few'));
  writeFileSync(join(folder, 'few/a.txt'), 'a text');
  writeFileSync(join(folder, 'tree/a.txt'), 'a text');
  writeFileSync(join(folder, 'tree/large.txt'), 'a line of the large file\n'.repeat(20_000));
  symlinkSync('../../outside', join(folder, 'tree/link'));
  for (let i = 0; i < MANY; i++)
    writeFileSync(join(folder, 'tree/many', `one of many files, number ${i}`), '');
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

function ext(kind: string, features: string, root = 'tree'): Buffer {
  const image = `${kind}.img`;
  writeFileSync(join(folder, image), Buffer.alloc(8 * MIB));
  const options = features === '' ? [] : ['-O', features];
  tool(folder, 'mke2fs', ['-q', '-F', '-t', kind, '-I', '256', ...options, '-d', root, image]);
  return readFileSync(join(folder, image));
}

function textOf({ members }: Unpacked, name: string): string | undefined {
  return members.find((member) => member.name === name)?.text;
}

describe.runIf(hasTool('mke2fs'))('ext2, ext3 and ext4', () => {
  test.each([
    ['ext2', ''],
    ['ext3', ''],
    ['ext4', ''],
    ['ext4', '64bit,metadata_csum,dir_index'],
    ['ext4', 'large_dir,ea_inode,casefold,quota,project'],
  ])('%s with %s: files, large folders and links come out', async (kind, features) => {
    const result = await unpack('ext', ext(kind, features), scratch);
    expect(result.gaps).toEqual([]);
    expect(textOf(result, 'a.txt')).toBe('a text');
    expect(result.members.filter(({ name }) => name.startsWith('many/'))).toHaveLength(MANY);
    expect(result.measured).toMatchObject({ links: 1, outward_links: 1 });
  });

  test('a file with holes comes out whole from ext4; in ext2 it is a gap, and no empty member', async () => {
    mkdirSync(join(folder, 'sparse'), { recursive: true });
    const file = join(folder, 'sparse/holes');
    writeFileSync(file, '');
    truncateSync(file, 3 * MIB);
    writeFileSync(file, 'the end', { flag: 'a' });
    const whole = await unpack('ext', ext('ext4', '', 'sparse'), scratch);
    expect(whole.gaps).toEqual([]);
    expect(whole.members.find(({ name }) => name === 'holes')?.size).toBe(3 * MIB + 7);
    const { gaps, members } = await unpack('ext', ext('ext2', '', 'sparse'), scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', detail: expect.stringContaining('holes') }]);
    expect(members.some(({ name }) => name === 'holes')).toBe(false);
  });

  test.each(['inline_data', 'bigalloc'])('with %s the image is a gap that names it', async (feature) => {
    const { gaps } = await unpack('ext', ext('ext4', feature, 'few'), scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', detail: expect.stringContaining(feature) }]);
  });

  test('where files may be encrypted, that is said', async () => {
    const { gaps } = await unpack('ext', ext('ext4', 'encrypt'), scratch);
    expect(gaps).toMatchObject([{ reason: 'encrypted' }]);
  });
});

describe.runIf(hasTool('mkntfs') && hasTool('ntfscp'))('NTFS', () => {
  test('alternate data streams are members', async () => {
    writeFileSync(join(folder, 'ntfs'), Buffer.alloc(8 * MIB));
    writeFileSync(join(folder, 'evil'), 'a program in a stream');
    tool(folder, 'mkntfs', ['-F', '-q', '-Q', 'ntfs']);
    tool(folder, 'ntfscp', ['-f', 'ntfs', 'tree/a.txt', 'a.txt']);
    tool(folder, 'ntfscp', ['-f', '-N', 'evil.exe', 'ntfs', 'evil', 'a.txt']);
    const result = await unpack('ntfs', readFileSync(join(folder, 'ntfs')), scratch);
    expect(result.gaps).toEqual([]);
    expect(textOf(result, 'a.txt')).toBe('a text');
    expect(textOf(result, 'a.txt:evil.exe')).toBe('a program in a stream');
  });
});

function squashed(compressor: string): Buffer {
  const options = ['-comp', compressor, '-quiet', '-no-progress', '-noappend'];
  tool(folder, 'mksquashfs', ['tree', 'image.squashfs', ...options]);
  return readFileSync(join(folder, 'image.squashfs'));
}

describe.runIf(hasTool('mksquashfs'))('SquashFS', () => {
  test.each(['gzip', 'xz', 'zstd', 'lzo', 'lzma'])('compressed with %s it is opened', async (compressor) => {
    const result = await unpack('squashfs', squashed(compressor), scratch);
    expect(result.gaps).toEqual([]);
    expect(result.members.find(({ name }) => name === 'large.txt')?.size).toBe(500_000);
    expect(result.members.filter(({ name }) => name.startsWith('many/'))).toHaveLength(MANY);
  });

  test('compressed with LZ4 it is a gap that says so', async () => {
    const { gaps } = await unpack('squashfs', squashed('lz4'), scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', detail: expect.stringContaining('LZ4') }]);
  });
});

describe.runIf(hasTool('mkfs.vfat') && hasTool('mcopy'))('FAT', () => {
  test.each(['12', '16', '32'])('FAT%s: files with long names come out', async (bits) => {
    writeFileSync(join(folder, 'fat'), Buffer.alloc((bits === '32' ? 40 : 10) * MIB));
    tool(folder, 'mkfs.vfat', ['-F', bits, ...(bits === '12' ? ['-s', '16'] : []), 'fat']);
    tool(folder, 'mcopy', ['-i', 'fat', 'tree/large.txt', '::a rather long name.txt']);
    const result = await unpack('fat', readFileSync(join(folder, 'fat')), scratch);
    expect(result.gaps).toEqual([]);
    expect(result.members).toMatchObject([{ name: 'a rather long name.txt', size: 500_000 }]);
  });
});

describe('an Apple disk image', () => {
  test('every partition is a member, and so is what lies in no partition', async () => {
    const hidden = Buffer.alloc(4096, 'hidden ');
    const system = Buffer.alloc(64 * 512, 'content ');
    const image = dmgBytes([
      { name: 'free (Apple_Free : 1)', bytes: hidden },
      { name: 'disk image (Apple_HFS : 2)', bytes: system },
    ]);
    const { members, gaps } = await unpack('dmg', image, scratch);
    expect(gaps).toEqual([]);
    expect(members.map(({ size }) => size)).toEqual([hidden.length, system.length]);
    expect(members[0]?.text).toMatch(/^hidden/);
    image.fill(0, 8, 24);
    const damaged = await unpack('dmg', image, scratch);
    expect(damaged.gaps).toMatchObject([{ reason: 'corrupt' }]);
  });
});
