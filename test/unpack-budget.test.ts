// needs: xz-utils 7zip

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';
import { emptyGzips } from './kit/hostile/bombs.ts';
import { zipBytes } from './kit/archives/zip-bytes.ts';

const MIB = 1024 ** 2;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

test.each(['tar', 'zip'] as const)(
  'a member of a %s that is larger than one may be ends there, with its size, and the next one is whole',
  async (format) => {
    const big = Buffer.alloc(3 * MIB, 'big');
    const entries = [
      { name: 'big', content: big, data: big },
      { name: 'small', content: 'small', data: Buffer.from('small') },
    ];
    const bytes = format === 'tar' ? tarBytes(entries) : zipBytes(entries);
    const { members, gaps } = await unpack(format, bytes, scratch, { limits: { max_member_bytes: MIB } });
    expect(members.map(({ name, size }) => [name, size])).toEqual([
      ['big', MIB],
      ['small', 5],
    ]);
    const detail = `larger than ${MIB} bytes, which is the most of one member: the rest was not examined`;
    expect(gaps).toEqual([{ reason: 'budget_exceeded', detail, member: 'big' }]);
  },
);

test('the bytes of the whole tree are a gap with both figures', async () => {
  const bytes = tarBytes([{ name: 'a', content: Buffer.alloc(3000) }]);
  const { gaps } = await unpack('tar', bytes, scratch, { limits: { max_unpacked_bytes: 1000 } });
  expect(gaps[0]?.detail).toMatch(/^\d+ bytes came out of one tree; at most 1000 are unpacked/);
});

test('time that a nested container used up ends that container, and the rest of the tree goes on', async () => {
  const endless = emptyGzips(400_000);
  const outer = tarBytes([
    { name: 'endless.gz', content: endless },
    { name: 'next.gz', content: gzipSync('the next one') },
  ]);
  const { members, gaps } = await unpack('tar', outer, scratch, {
    inner: ['gzip'],
    limits: { max_container_ms: 300 },
  });
  expect(gaps).toMatchObject([
    { reason: 'budget_exceeded', detail: expect.stringContaining('within 300 ms') },
  ]);
  expect(members.at(-1)?.text).toBe('the next one');
});

/** A small .xz that says it needs a dictionary of 1 GiB: the size is one byte of the block header. */
function xzWithDictionary(coded: number): Buffer {
  const xz = Buffer.from(tool(scratch.path, 'xz', ['-0', '-T1', '-c'], Buffer.from('small')));
  const header = xz.subarray(12, 24);
  expect([...header.subarray(1, 4)]).toEqual([0, 0x21, 1]);
  header.writeUInt8(coded, 4);
  header.writeUInt32LE(crc32(header.subarray(0, 8)), 8);
  return xz;
}

/** The same in a 7z: a byte of its header, which two check sums cover. */
function sevenZipWithDictionary(coded: number): Buffer {
  const folder = join(scratch.path, 'dictionary');
  mkdirSync(folder);
  writeFileSync(join(folder, 'n'), 'small'.repeat(1000));
  tool(folder, '7zz', ['a', '-m0=LZMA2:d=64k', '-mhc=off', 'a.7z', 'n']);
  const bytes = readFileSync(join(folder, 'a.7z'));
  const at = bytes.indexOf(Buffer.from([0x21, 0x21, 1]), 32);
  expect(at).toBeGreaterThan(0);
  bytes.writeUInt8(coded, at + 3);
  const next = 32 + Number(bytes.readBigUInt64LE(12));
  bytes.writeUInt32LE(crc32(bytes.subarray(next, next + Number(bytes.readBigUInt64LE(20)))), 28);
  bytes.writeUInt32LE(crc32(bytes.subarray(12, 32)), 8);
  return bytes;
}

test('dictionaries of 1 GiB are a gap, not memory, and the rest of the tree goes on', async () => {
  const GIB_CODED = 36;
  const before = process.memoryUsage().rss;
  for (const [format, bytes] of [
    ['xz', xzWithDictionary(GIB_CODED)],
    ['7z', sevenZipWithDictionary(GIB_CODED)],
  ] as const) {
    const outer = tarBytes([
      { name: 'large', content: bytes },
      { name: 'ordinary', content: tool(scratch.path, 'xz', ['-c'], Buffer.from('fine')) },
    ]);
    const inner = format === 'xz' ? ['xz'] : [];
    const { gaps, members } = await unpack('tar', outer, scratch, { inner });
    const direct = await unpack(format, bytes, scratch);
    expect(direct.gaps).toMatchObject([
      { reason: 'budget_exceeded', detail: expect.stringContaining('memory') },
    ]);
    expect(gaps.map(({ reason }) => reason)).toEqual(format === 'xz' ? ['budget_exceeded'] : []);
    expect(members.length).toBeGreaterThan(0);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * MIB);
});

test.each([30, 31])(
  'a zst that says it needs a window of 2^%d bytes is a gap with the figure',
  async (log) => {
    const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 1, 0, 0])]);
    const { gaps } = await unpack('zstd', frame, scratch);
    const detail = `needs a window of ${2 ** log} bytes; at most ${128 * MIB} are given`;
    expect(gaps).toEqual([{ reason: 'budget_exceeded', detail, member: null }]);
  },
);
