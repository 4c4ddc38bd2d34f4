// needs: ntfs-3g squashfs-tools dosfstools mtools
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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

function textOf({ members }: Unpacked, name: string): string | undefined {
  return members.find((member) => member.name === name)?.text;
}

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
