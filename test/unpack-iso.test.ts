// needs: genisoimage xorriso e2fsprogs
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

const SECTOR = 2048;
const able = hasTool('genisoimage') && hasTool('xorriso') && hasTool('mkfs.ext4');
/** Neither compressible nor equal to each other. */
const NOISE = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff));
const BOOT = Buffer.from(`boot loader${'.'.repeat(4000)}`);

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = scratch.path;
  const deep = join(folder, 'tree/a/b/c/d/e/f/g/h/i');
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'deep.txt'), 'deep');
  writeFileSync(join(folder, 'tree/big.bin'), NOISE);
  writeFileSync(join(folder, 'tree/empty'), '');
  writeFileSync(join(folder, 'tree/boot.img'), BOOT);
  writeFileSync(join(folder, 'tree/secret.txt'), 'the secret');
  writeFileSync(join(folder, 'tree/ein langer Näme.html'), 'long');
  symlinkSync('../outside', join(folder, 'tree/link'));
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

function made(...options: readonly string[]): Buffer {
  tool(folder, 'genisoimage', ['-quiet', ...options, '-o', 'image.iso', 'tree']);
  return readFileSync(join(folder, 'image.iso'));
}

function names({ members }: Unpacked): string[] {
  return members.map(({ name }) => Buffer.from(name, 'latin1').toString('utf8')).toSorted();
}

function textOf({ members }: Unpacked, name: string): string | undefined {
  return members.find((member) => member.name === name)?.text;
}

const DEEP = 'a/b/c/d/e/f/g/h/i/deep.txt';
const ALL = [DEEP, 'big.bin', 'boot.img', 'ein langer Näme.html', 'empty', 'secret.txt'].toSorted();

describe.runIf(able)('ISO 9660', () => {
  test('with Rock Ridge and Joliet every file comes out once, by its long name, and every byte is accounted for', async () => {
    const result = await unpack('iso', made('-R', '-J'), scratch);
    expect(names(result)).toEqual(ALL);
    expect(result.gaps).toEqual([]);
    expect(result.unsafe).toEqual([]);
    expect(result.measured).toEqual({ links: 1, outward_links: 1 });
    const sha256 = createHash('sha256').update(NOISE).digest('hex');
    expect(result.members.find(({ name }) => name === 'big.bin')?.sha256).toBe(sha256);
  });

  test('without Rock Ridge the plain tree names what it can, and Joliet what claims another ending', async () => {
    const result = await unpack('iso', made('-J', '-joliet-long'), scratch);
    expect(names(result)).toContain('SECRET.TXT');
    expect(names(result)).toContain('ein langer Näme.html');
    expect(names(result)).not.toContain('secret.txt');
    expect(result.gaps).toEqual([]);
  });

  test('a file that only one tree shows is examined', async () => {
    const onlyJoliet = await unpack('iso', made('-R', '-J', '-hide', 'secret.txt'), scratch);
    expect(textOf(onlyJoliet, 'secret.txt')).toBe('the secret');
    const onlyPlain = await unpack('iso', made('-R', '-J', '-hide-joliet', 'secret.txt'), scratch);
    expect(textOf(onlyPlain, 'secret.txt')).toBe('the secret');
  });

  test('a file that no tree shows is bytes in no member', async () => {
    const image = made('-R', '-J', '-hide', 'secret.txt', '-hide-joliet', 'secret.txt');
    const { members } = await unpack('iso', image, scratch);
    const rest = members.find(({ name }) => name.includes('in no member'));
    expect(rest?.text.replaceAll('\0', '')).toBe('the secret');
  });

  test('a boot image that no tree shows is a member', async () => {
    const hidden = ['-hide', 'boot.img', '-hide-joliet', 'boot.img'];
    const result = await unpack(
      'iso',
      made('-R', '-J', '-b', 'boot.img', '-no-emul-boot', ...hidden),
      scratch,
    );
    expect(textOf(result, '(boot image 1)')).toContain('boot loader');
    expect(result.gaps).toEqual([]);
  });

  test('what stands in the system area, before the volume, is a member', async () => {
    const image = made('-R');
    image.write('#!/bin/sh evil', 1000);
    const { members } = await unpack('iso', image, scratch);
    expect(members.some(({ text }) => text.includes('#!/bin/sh evil'))).toBe(true);
  });

  test('with a UDF file system besides, both are read', async () => {
    const result = await unpack('iso', made('-R', '-udf'), scratch);
    expect(result.gaps).toEqual([]);
    expect(result.members.filter(({ name }) => name === 'secret.txt')).toHaveLength(2);
  });

  test('what an earlier session held is examined, though the last one does not show it', async () => {
    const session = ['-dev', 'stdio:sessions.iso', '-joliet', 'on'];
    tool(folder, 'xorriso', [...session, '-map', 'tree', '/', '-commit']);
    tool(folder, 'xorriso', [
      ...session,
      '-rm',
      '/secret.txt',
      '--',
      '-map',
      'tree/empty',
      '/new',
      '-commit',
    ]);
    const result = await unpack('iso', readFileSync(join(folder, 'sessions.iso')), scratch);
    expect(names(result)).toEqual([...ALL, 'new'].toSorted());
    expect(result.gaps).toEqual([]);
  });

  test('a partition appended behind the volume is a member, zeros at its start and all', async () => {
    tool(folder, 'mkfs.ext4', ['-q', '-F', '-d', 'tree', 'appended', '1M']);
    tool(
      folder,
      'xorriso',
      `-as mkisofs -quiet -R -append_partition 2 0x83 appended -o hybrid.iso tree`.split(' '),
    );
    const result = await unpack('iso', readFileSync(join(folder, 'hybrid.iso')), scratch);
    expect(result.gaps).toEqual([]);
    const partition = result.members.find(({ name }) => name === '(partition 1)');
    expect(partition?.size).toBe(1024 * 1024);
  });

  test.runIf(hasTool('mkzftree'))('files that are stored compressed come out unpacked', async () => {
    writeFileSync(join(folder, 'tree/plain.log'), 'a line\n'.repeat(30_000));
    tool(folder, 'mkzftree', ['tree', 'packed']);
    tool(folder, 'genisoimage', ['-quiet', '-R', '-z', '-o', 'packed.iso', 'packed']);
    const image = readFileSync(join(folder, 'packed.iso'));
    const result = await unpack('iso', image, scratch);
    expect(result.gaps).toEqual([]);
    expect(result.members.find(({ name }) => name === 'plain.log')).toMatchObject({ size: 210_000 });
    const header = image.indexOf(Buffer.from([0x37, 0xe4, 0x53, 0x96]));
    image.fill(0xff, header + 24, header + 64);
    const damaged = await unpack('iso', image, scratch);
    expect(damaged.gaps).toMatchObject([{ reason: 'corrupt' }]);
  });
});

/** Where the directory record of something in the root folder begins. */
function recordOf(image: Buffer, identifier: string): number {
  for (let at = image.readUInt32LE(16 * SECTOR + 158) * SECTOR; image[at] !== 0; at += image.readUInt8(at)) {
    const name = image.toString('latin1', at + 33, at + 33 + image.readUInt8(at + 32));
    if (name === identifier) return at;
  }
  throw new Error(`no record of ${identifier}`);
}

describe.runIf(able)('a hostile ISO 9660', () => {
  test('a folder that contains itself is read once', async () => {
    const image = made('-D');
    const root = image.readUInt32LE(16 * SECTOR + 156 + 2);
    const record = recordOf(image, 'A');
    image.writeUInt32LE(root, record + 2);
    image.writeUInt32BE(root, record + 6);
    const result = await unpack('iso', image, scratch);
    expect(result.members.filter(({ name }) => name.endsWith('BIG.BIN'))).toHaveLength(1);
    // What the loop cut off from the tree is still named by the path table.
    expect(result.members.some(({ text }) => text === 'deep')).toBe(true);
  });

  test('where the two byte orders disagree, both contents are examined', async () => {
    const image = made();
    const record = recordOf(image, 'EMPTY.;1');
    const secret = recordOf(image, 'SECRET.TXT;1');
    image.copy(image, record + 6, secret + 6, secret + 10);
    image.copy(image, record + 14, secret + 14, secret + 18);
    image.writeUInt32LE(1, record + 10);
    image.writeUInt32LE(16, record + 2);
    const { members } = await unpack('iso', image, scratch);
    expect(members.filter(({ name }) => name === 'EMPTY').map(({ size }) => size)).toEqual([1, 10]);
  });

  test('an extent outside the image is a gap with its bytes, and what is there is examined', async () => {
    const image = made();
    const record = recordOf(image, 'SECRET.TXT;1');
    image.writeUInt32LE(image.length, record + 10);
    image.writeUInt32BE(image.length, record + 14);
    const { gaps, members } = await unpack('iso', image, scratch);
    expect(gaps).toMatchObject([{ reason: 'corrupt', member: 'SECRET.TXT' }]);
    expect(members.some(({ name, text }) => name === 'SECRET.TXT' && text.startsWith('the secret'))).toBe(
      true,
    );
  });

  test('an interleaved file is a gap, and its bytes are examined as they lie', async () => {
    const image = made();
    image.writeUInt8(1, recordOf(image, 'SECRET.TXT;1') + 26);
    const { gaps, members } = await unpack('iso', image, scratch);
    expect(gaps).toMatchObject([{ reason: 'unsupported_format', member: 'SECRET.TXT' }]);
    expect(members.some(({ text }) => text.startsWith('the secret'))).toBe(true);
  });

  test('a name that leads out is told', async () => {
    const image = made('-R');
    const at = image.indexOf('secret.txt', 17 * SECTOR);
    image.write('../../etc/', at);
    expect((await unpack('iso', image, scratch)).unsafe).toEqual(['path-traversal']);
  });

  test('with any bits of its structure turned, it ends', async () => {
    const sample = made('-R', '-J', '-b', 'boot.img', '-no-emul-boot');
    const flip = fc.tuple(
      fc.integer({ min: 16 * SECTOR, max: 60 * SECTOR }),
      fc.integer({ min: 1, max: 255 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 200 }), async (flips) => {
        const bytes = Buffer.from(sample);
        for (const [at, mask] of flips) bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
        const started = performance.now();
        await unpack('iso', bytes, scratch, { limits: { max_unpacked_bytes: 64 * 1024 * 1024 } });
        expect(performance.now() - started).toBeLessThan(10_000);
      }),
      { numRuns: 60, seed: 9660 },
    );
  });
});
