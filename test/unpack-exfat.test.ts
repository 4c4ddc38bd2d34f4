// needs: exfatprogs
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { exfatImage, type ExfatFile } from './kit/archives/exfat-image.ts';
import { hasTool, tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

// exFAT as mkfs.exfat makes it, with files in it that fsck.exfat finds nothing wrong with; and as nobody should.

const CLUSTER = 4096;
const LARGE = Buffer.from('a line of the large file\n'.repeat(5000));
const MANY = 500;
const FILES: readonly ExfatFile[] = [
  { path: 'a.txt', content: Buffer.from('a text') },
  { path: 'empty', content: Buffer.alloc(0) },
  { path: 'a rather long name of a file, longer than one entry.txt', content: Buffer.from('long') },
  { path: 'large.txt', content: LARGE },
  { path: 'scattered.txt', content: LARGE, scattered: true },
  { path: 'half.bin', content: Buffer.alloc(3 * CLUSTER, 'old content '), written: CLUSTER + 7 },
  { path: 'a/b/c/deep.txt', content: Buffer.from('a deep text') },
  ...Array.from({ length: MANY }, (_, i) => ({
    path: `many/file number ${i}`,
    content: Buffer.from(`${i}`),
  })),
];

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

const image = (files = FILES, options: readonly string[] = []): Buffer =>
  exfatImage(scratch.path, files, options);
const found = ({ members }: Unpacked, name: string): Unpacked['members'][number] | undefined =>
  members.find((member) => member.name === name);
const leftOver = ({ members }: Unpacked): string[] =>
  members.filter(({ name }) => name.includes('in no member')).map(({ text }) => text);

/** Where the first entry of a file or folder stands that has this name. */
function entryAt(bytes: Buffer, name: string): number {
  return bytes.indexOf(Buffer.from(name, 'utf16le')) - 2 - 64;
}

describe.runIf(hasTool('mkfs.exfat'))('exFAT', () => {
  test('files in one piece and in many, in folders of every size, come out, and nothing is left over', async () => {
    const bytes = image();
    writeFileSync(join(scratch.path, 'checked'), bytes);
    expect(tool(scratch.path, 'fsck.exfat', ['-n', 'checked']).toString()).toContain('clean');
    const result = await unpack('exfat', bytes, scratch);
    expect(result.gaps).toEqual([]);
    for (const { path, content, written = content.length } of FILES) {
      const expected = Buffer.from(content).fill(0, written);
      expect(found(result, path)).toMatchObject({ size: content.length });
      expect(found(result, path)?.text).toBe(expected.toString('latin1', 0, 4096));
    }
    // What was there before in a file that was not written to its end.
    expect(leftOver(result)).toHaveLength(2);
    for (const text of leftOver(result)) expect(text).toContain('old content');
  });

  test.each([
    ['clusters of 512 bytes', ['-c', '512']],
    ['of 32 KiB, aligned to 1 MiB', ['-c', '32K', '-b', '1M']],
  ])('%s', async (_, options) => {
    const files = FILES.filter(({ path, written }) => !path.startsWith('many') && written === undefined);
    const result = await unpack('exfat', image(files, options), scratch);
    expect(result.gaps).toEqual([]);
    expect(found(result, 'scattered.txt')?.size).toBe(LARGE.length);
    expect(found(result, 'a/b/c/deep.txt')?.text).toBe('a deep text');
    expect(leftOver(result)).toEqual([]);
  });

  test('a deleted file is seen by its name while its clusters are free, and else what is left of it', async () => {
    const deleted = { path: 'gone.txt', content: Buffer.from('a deleted file'), deleted: true };
    const scattered = { ...deleted, path: 'gone too.txt', content: LARGE, scattered: true };
    const result = await unpack('exfat', image([...FILES, deleted, scattered]), scratch);
    expect(result.gaps).toEqual([]);
    expect(found(result, 'gone.txt (deleted)')?.text).toBe('a deleted file');
    expect(leftOver(result).some((text) => text.includes('a line of the large file'))).toBe(true);
  });

  test('what stands behind the end of a file, of a folder and of the table is seen', async () => {
    const bytes = image([{ path: 'a.txt', content: Buffer.from('a text') }]);
    bytes.write('in the slack', bytes.indexOf('a text') + 100);
    bytes.write('behind the folder', entryAt(bytes, 'a.txt') + 32 * 10);
    const clusters = bytes.readUInt32LE(92);
    const table = bytes.readUInt32LE(80) * 512;
    bytes.write('behind the table', table + (clusters + 2) * 4);
    const result = await unpack('exfat', bytes, scratch);
    expect(result.gaps).toEqual([]);
    for (const text of ['in the slack', 'behind the folder', 'behind the table'])
      expect(leftOver(result).some((left) => left.includes(text))).toBe(true);
  });

  test('by the copy of its boot sector an image is read whose first is damaged', async () => {
    const bytes = image();
    bytes.fill(0xff, 80, 100);
    const result = await unpack('exfat', bytes, scratch);
    expect(result.gaps).toMatchObject([{ reason: 'corrupt' }]);
    expect(found(result, 'large.txt')?.size).toBe(LARGE.length);
    bytes.fill(0xff, 12 * 512 + 80, 12 * 512 + 100);
    expect((await unpack('exfat', bytes, scratch)).gaps).toMatchObject([{ reason: 'corrupt' }]);
  });

  test('chains that lead back, or nowhere, end', async () => {
    for (const to of [4, 0, 0xffff_fff7, 0x7fff_ffff]) {
      const bytes = image();
      const table = bytes.readUInt32LE(80) * 512;
      const first = bytes.readUInt32LE(entryAt(bytes, 'scattered.txt') + 32 + 20);
      bytes.writeUInt32LE(to === 4 ? first : to, table + bytes.readUInt32LE(table + first * 4) * 4);
      const { gaps, members } = await unpack('exfat', bytes, scratch);
      expect(gaps[0]).toMatchObject({ reason: 'corrupt', member: 'scattered.txt' });
      expect(members.map(({ name }) => name)).toContain('large.txt');
    }
    const root = image();
    const table = root.readUInt32LE(80) * 512;
    root.writeUInt32LE(root.readUInt32LE(96), table + root.readUInt32LE(96) * 4);
    const endless = image([]);
    endless.writeUInt32LE(endless.readUInt32LE(96), table + endless.readUInt32LE(96) * 4);
    for (const bytes of [root, endless])
      expect((await unpack('exfat', bytes, scratch)).gaps[0]).toMatchObject({ reason: 'corrupt' });
  });

  test('a folder that is its own child is told, and ends', async () => {
    const bytes = image();
    const stream = entryAt(bytes, 'a\0\0\0') + 32;
    bytes.writeUInt32LE(bytes.readUInt32LE(96), entryAt(bytes, 'many') + 32 + 20);
    expect(stream).toBeGreaterThan(0);
    const { gaps } = await unpack('exfat', bytes, scratch);
    expect(gaps.map(({ detail }) => detail)).toContain('a folder that stands in two places');
  });

  test('files that share clusters, many times over, are an attack', async () => {
    const bytes = image();
    const large = entryAt(bytes, 'large.txt') + 32;
    for (let i = 0; i < MANY; i++) {
      const stream = entryAt(bytes, `file number ${i}`) + 32;
      bytes.copy(bytes, stream + 8, large + 8, large + 32);
    }
    const { unsafe, members } = await unpack('exfat', bytes, scratch);
    expect(unsafe).toEqual(['overlapping-files']);
    expect(members.length).toBeGreaterThan(MANY);
  });

  test('sizes that cannot be cost nothing', async () => {
    for (const size of [2n ** 63n, 2n ** 52n, 2n ** 33n]) {
      const bytes = image();
      bytes.writeBigUInt64LE(size, entryAt(bytes, 'large.txt') + 32 + 24);
      const { gaps, members } = await unpack('exfat', bytes, scratch);
      expect(gaps.some(({ member }) => member === 'large.txt')).toBe(true);
      expect(members.map(({ name }) => name)).toContain('scattered.txt');
    }
  });

  test('an entry that was changed shows by its sum, and is read', async () => {
    const bytes = image();
    bytes.writeUInt16LE(0x1234, entryAt(bytes, 'large.txt') + 2);
    const result = await unpack('exfat', bytes, scratch);
    expect(result.gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('check sums') }]);
    expect(found(result, 'large.txt')?.size).toBe(LARGE.length);
  });

  test('a name that climbs out is data, and told', async () => {
    const { unsafe } = await unpack(
      'exfat',
      image([
        { path: 'x', content: LARGE },
        { path: '..', content: LARGE },
      ]),
      scratch,
    );
    expect(unsafe).toEqual(['path-traversal']);
  });

  test('an image that is cut off says so', async () => {
    const bytes = image();
    const { gaps } = await unpack('exfat', bytes.subarray(0, bytes.length / 2), scratch);
    expect(gaps[0]).toMatchObject({ reason: 'corrupt', detail: expect.stringContaining('cut off') });
    // So does each folder of which nothing is there.
    expect(gaps.slice(1).map(({ reason, member }) => [reason, member])).toEqual([
      ['corrupt', 'a/'],
      ['corrupt', 'many/'],
    ]);
  });
});
