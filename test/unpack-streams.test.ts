// needs: xz-utils bzip2 lz4 lzip lzop zstd ncompress 7zip

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  brotliCompressSync,
  crc32,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { androidBackupBytes } from './kit/archives/android-backup-bytes.ts';
import { mozlz4Bytes } from './kit/archives/mozlz4-bytes.ts';
import { rDatabaseBytes, rObject, type RRecord } from './kit/archives/r-database-bytes.ts';
import { snappyBytes, snappyChunk } from './kit/archives/snappy-bytes.ts';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { noise } from './kit/archives/tar-stream.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

const MIB = 1024 ** 2;
const LINES = Buffer.from(Array.from({ length: 60_000 }, (_, i) => String(i)).join('\n'));
const JUNK = Buffer.from('junk that nobody lists');

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

function filtered(name: string, args: readonly string[], content: Buffer = LINES): Buffer {
  return tool(scratch.path, name, args, content);
}

const COMPRESSORS = [
  ['gzip', (content?: Buffer) => gzipSync(content ?? LINES)],
  ['bzip2', (content?: Buffer) => filtered('bzip2', ['-c'], content)],
  ['xz', (content?: Buffer) => filtered('xz', ['-0', '-c'], content)],
  ['zstd', (content?: Buffer) => zstdCompressSync(content ?? LINES)],
  ['lz4', (content?: Buffer) => filtered('lz4', ['-c'], content)],
  ['lzip', (content?: Buffer) => filtered('lzip', ['-0', '-c'], content)],
] as const;

describe.each(COMPRESSORS)('%s', (format, compress) => {
  test.each([true, false])('what follows its end is examined, streamed: %s', async (streamed) => {
    const bytes = Buffer.concat([compress(), JUNK]);
    const { members, gaps } = await unpack(format, bytes, scratch, { streamed });
    expect(members.map(({ name, size }) => [name, size])).toEqual([
      ['container', LINES.length],
      ['(data after the end)', JUNK.length],
    ]);
    expect(members[1]?.text).toBe(JUNK.toString());
    expect(gaps).toEqual([]);
  });

  test('several, one after another, are one member; zero bytes behind them are padding', async () => {
    const bytes = Buffer.concat([compress(), compress(), Buffer.alloc(4096)]);
    const { members, gaps } = await unpack(format, bytes, scratch, { streamed: true });
    expect(members.map(({ size }) => size)).toEqual([2 * LINES.length]);
    expect(gaps).toEqual([]);
  });

  test('an empty one is an empty member', async () => {
    const { members, gaps } = await unpack(format, compress(Buffer.alloc(0)), scratch, { streamed: true });
    expect(members.map(({ size }) => size)).toEqual([0]);
    expect(gaps).toEqual([]);
  });

  test('a member larger than one may be is examined that far, and the gaps say what was left', async () => {
    const limits = { max_member_bytes: 1000 };
    const bytes = Buffer.concat([compress(), JUNK]);
    const { members, gaps } = await unpack(format, bytes, scratch, { streamed: true, limits });
    expect(members.map(({ size }) => size)).toEqual(format === 'lzip' ? [1000, JUNK.length] : [1000]);
    expect(gaps[0]).toMatchObject({ reason: 'budget_exceeded', member: 'container' });
    expect(gaps[0]?.detail).toContain('1000 bytes');
  });
});

test('megabytes behind a bz2 that streams past, and behind an xz, are examined whole', async () => {
  const large = Buffer.alloc(5 * MIB, JUNK);
  for (const [format, compress] of COMPRESSORS.slice(1, 3)) {
    const bytes = Buffer.concat([compress(), large]);
    const { members, gaps } = await unpack(format, bytes, scratch, { streamed: true });
    expect(members.map(({ size }) => size)).toEqual([LINES.length, large.length]);
    expect(gaps).toEqual([]);
  }
});

test('a bz2 behind which another end mark stands is examined from the first, with a gap', async () => {
  const mark = Buffer.from('177245385090', 'hex');
  const tail = Buffer.concat([JUNK, mark, Buffer.alloc(4, 1), JUNK]);
  const bytes = Buffer.concat([filtered('bzip2', ['-c']), tail]);
  const { members, gaps } = await unpack('bzip2', bytes, scratch, { streamed: true });
  expect(members.map(({ size }) => size)).toEqual([LINES.length, tail.length]);
  expect(gaps).toMatchObject([
    { reason: 'unsupported_format', detail: expect.stringContaining('more than one') },
  ]);
});

test('an xz whose blocks have sizes, several blocks, and every kind of check, is followed to its end', async () => {
  for (const check of ['none', 'crc32', 'crc64', 'sha256']) {
    const xz = filtered('xz', ['-0', '-T2', '--block-size=100000', `--check=${check}`, '-c']);
    const bytes = Buffer.concat([xz, Buffer.alloc(8), xz, JUNK]);
    const { members, gaps } = await unpack('xz', bytes, scratch, { streamed: true });
    expect(members.map(({ size }) => size)).toEqual([2 * LINES.length, JUNK.length]);
    expect(gaps).toEqual([]);
  }
});

test('data behind an .lzma are a gap: nothing says where its end is', async () => {
  const bytes = Buffer.concat([filtered('xz', ['--format=lzma', '-c']), JUNK]);
  const { members, gaps } = await unpack('lzma', bytes, scratch, { streamed: true });
  expect(members.map(({ size }) => size)).toEqual([LINES.length]);
  expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
});

test('a zst behind zero bytes behind another one is opened as what it is', async () => {
  const bytes = Buffer.concat([zstdCompressSync('first'), Buffer.alloc(1000), zstdCompressSync('second')]);
  const { members } = await unpack('zstd', bytes, scratch);
  expect(members[0]?.text).toBe('first');
  expect(
    Buffer.from(members[1]?.text ?? '', 'latin1')
      .subarray(0, 4)
      .toString('hex'),
  ).toBe('28b52ffd');
});

test('a zst made with a dictionary is a gap', async () => {
  const folder = join(scratch.path, 'dictionary');
  mkdirSync(folder);
  execFileSync(
    'sh',
    [
      '-c',
      'for i in $(seq 1 300); do seq $i $((i+200)) > s$i; done; zstd -q --train s* -o d; zstd -q -D d s1 -o s.zst',
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  const { gaps } = await unpack('zstd', join(folder, 's.zst'), scratch);
  expect(gaps).toMatchObject([
    { reason: 'unsupported_format', detail: expect.stringContaining('dictionary') },
  ]);
});

/** A gzip stream with everything that its header can carry. */
function gzipWith(extra: Buffer, name: Buffer, comment: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.set([0x1f, 0x8b, 8, 4 | 8 | 16]);
  head.writeUInt16LE(extra.length, 10);
  const content = Buffer.from('content');
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  const end = Buffer.alloc(1);
  return Buffer.concat([head, extra, name, end, comment, end, deflateRawSync(content), trailer]);
}

test('what a gzip header carries beside a name is examined, and what is short is not', async () => {
  const short = gzipWith(Buffer.alloc(6, 1), Buffer.from('name.txt'), Buffer.from('a note'));
  expect((await unpack('gzip', short, scratch)).members.map(({ name }) => name)).toEqual(['container']);
  const long = gzipWith(Buffer.alloc(60_000, 'e'), Buffer.alloc(300, 'n'), Buffer.alloc(100_000, 'c'));
  const { members, gaps } = await unpack('gzip', Buffer.concat([long, long]), scratch, { streamed: true });
  expect(members.map(({ name, size }) => [name, size])).toEqual([
    ['container', 14],
    ['(gzip extra field)', 60_000],
    ['(gzip file name)', 300],
    ['(gzip comment)', 100_000],
    ['(gzip extra field)', 60_000],
    ['(gzip file name)', 300],
    ['(gzip comment)', 100_000],
  ]);
  expect(gaps).toEqual([]);
});

test('more beside the content than can be kept is a gap with its size, and the content is whole', async () => {
  const bytes = gzipWith(Buffer.alloc(0), Buffer.from('n'), Buffer.alloc(5 * MIB, 'c'));
  const { members, gaps } = await unpack('gzip', bytes, scratch, { streamed: true });
  expect(members.map(({ text }) => text)).toEqual(['content']);
  expect(gaps).toMatchObject([
    { reason: 'budget_exceeded', detail: expect.stringContaining('5242880 bytes') },
  ]);
});

test('frames that decoders of lz4 pass over are examined', async () => {
  const head = Buffer.from('512a4d1800000000', 'hex');
  head.writeUInt32LE(JUNK.length, 4);
  const lz4 = filtered('lz4', ['-c']);
  const { members } = await unpack('lz4', Buffer.concat([lz4, head, JUNK, lz4]), scratch);
  expect(members.map(({ name, size }) => [name, size])).toEqual([
    ['container', 2 * LINES.length],
    ['(skippable frame)', JUNK.length],
  ]);
});

test('a Brotli stream, and what follows its end, are examined; cut off or altered it is a gap', async () => {
  const bytes = brotliCompressSync(LINES);
  const { members, gaps } = await unpack('brotli', Buffer.concat([bytes, JUNK]), scratch, { streamed: true });
  expect(members.map(({ size }) => size)).toEqual([LINES.length, JUNK.length]);
  expect(gaps).toEqual([]);
  const cut = await unpack('brotli', bytes.subarray(0, bytes.length / 2), scratch);
  expect(cut.gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('cut off after') }]);
  const altered = await unpack('brotli', Buffer.alloc(5000, 'noise?'), scratch);
  expect(altered.gaps).toMatchObject([{ reason: 'corrupt' }]);
});

test.each(['-1', '-3', '-9', '-F', '--crc32'])(
  'lzop %s: what it made is the same again, and what follows is examined',
  async (option) => {
    const content = Buffer.concat([LINES, Buffer.alloc(300_000, 'ab'), noise(300_000), Buffer.from('end')]);
    const bytes = filtered('lzop', [option, '-c'], content);
    const { members, gaps } = await unpack('lzop', Buffer.concat([bytes, JUNK]), scratch, { streamed: true });
    expect(members.map(({ size }) => size)).toEqual([content.length, JUNK.length]);
    expect(members[0]?.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(gaps).toEqual([]);
    const cut = await unpack('lzop', bytes.subarray(0, bytes.length - 10), scratch);
    expect(cut.gaps).toMatchObject([{ reason: 'corrupt' }]);
    const altered = Buffer.from(bytes);
    altered.writeUInt8(altered.readUInt8(5000) ^ 0x55, 5000);
    expect((await unpack('lzop', altered, scratch)).gaps).toMatchObject([{ reason: 'corrupt' }]);
  },
);

test('a zlib stream, and what follows its end, are examined; a wrong check sum is a gap', async () => {
  const bytes = deflateSync(LINES);
  const { members, gaps } = await unpack('zlib', Buffer.concat([bytes, JUNK]), scratch, { streamed: true });
  expect(members.map(({ size }) => size)).toEqual([LINES.length, JUNK.length]);
  expect(gaps).toEqual([]);
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
  const altered = await unpack('zlib', wrong, scratch);
  expect(altered.gaps).toMatchObject([{ reason: 'corrupt' }]);
});

test('an Android backup with a password is a gap without it, and opened with it', async () => {
  const bytes = androidBackupBytes(tarBytes([{ name: 'apps/a', content: 'secret' }]), 'infected');
  const locked = await unpack('android-backup', bytes, scratch, { passwords: ['wrong'], inner: ['tar'] });
  expect(locked.members).toEqual([]);
  expect(locked.gaps).toMatchObject([{ reason: 'encrypted', detail: 'needs a password; 1 were tried' }]);
  const passwords = ['wrong', 'infected'];
  const opened = await unpack('android-backup', bytes, scratch, { passwords, inner: ['tar'] });
  expect(opened.members.map(({ text }) => text)).toEqual(['secret']);
  expect(opened.measured).toEqual({ members_opened_with_password_1: 1 });
});

test('the payload behind a script is found by how it begins, else by the first line that is no text', async () => {
  const script = Buffer.from(`#!/bin/sh\n${'# a comment\n'.repeat(3000)}exit 0\n`);
  const tar = tarBytes([{ name: 'a', content: 'x' }]);
  for (const payload of [gzipSync(LINES), filtered('xz', ['-c']), tar, Buffer.from('other\0binary')]) {
    const { members, gaps } = await unpack('shell-payload', Buffer.concat([script, payload]), scratch);
    expect(members.map(({ name, size }) => [name, size])).toEqual([['payload', payload.length]]);
    expect(gaps).toEqual([]);
  }
  const { gaps } = await unpack('shell-payload', script, scratch);
  expect(gaps).toMatchObject([{ reason: 'unsupported_format' }]);
});

test('Mozilla LZ4: a match, what is cut off, and sizes that are lies', async () => {
  const packed = mozlz4Bytes(LINES, true);
  const { members, gaps } = await unpack('mozlz4', packed, scratch, { name: 'a.jsonlz4' });
  expect(members).toMatchObject([{ name: 'a', size: LINES.length + 5 }]);
  expect(members[0]?.text.slice(0, 12)).toBe('000000\n1\n2\n3');
  expect(gaps).toEqual([]);
  for (const cut of [3, 12, 13, 14, 20, packed.length - 1]) {
    expect((await unpack('mozlz4', packed.subarray(0, cut), scratch)).gaps).toMatchObject([
      { reason: 'corrupt' },
    ]);
  }
  for (const [size, reason] of [
    [1, 'corrupt'],
    [LINES.length + 6, 'corrupt'],
    [60 * MIB, 'corrupt'],
    [0xffff_ffff, 'budget_exceeded'],
  ] as const) {
    const lying = Buffer.from(packed);
    lying.writeUInt32LE(size, 8);
    expect((await unpack('mozlz4', lying, scratch)).gaps).toMatchObject([{ reason }]);
  }
});

test('Snappy: matches, what decoders pass over, and damage', async () => {
  const stream = snappyBytes(Buffer.alloc(0));
  // 16 bytes: the literal `ab`, and a match of 14 from two back.
  const match = snappyChunk(
    0,
    Buffer.from('ab'.repeat(8)),
    Buffer.from([16, 1 << 2, 0x61, 0x62, (13 << 2) | 2, 2, 0]),
  );
  const hidden = Buffer.concat([Buffer.from([0x80, JUNK.length, 0, 0]), JUNK]);
  const { members, gaps } = await unpack('snappy', Buffer.concat([stream, match, hidden, match]), scratch);
  expect(members.map(({ text }) => text)).toEqual(['ab'.repeat(16), JUNK.toString()]);
  expect(gaps).toEqual([]);
  match.writeUInt8(0, 4);
  expect((await unpack('snappy', Buffer.concat([stream, match]), scratch)).gaps).toMatchObject([
    { reason: 'corrupt' },
  ]);
});

const bzip2 = (object: Buffer): RRecord => ({
  object,
  packing: '2',
  packed: filtered('bzip2', [], object),
});

const lzma = (object: Buffer): RRecord => {
  const packed = filtered('xz', ['--format=raw', '--lzma2=preset=9e', '-c'], object);
  return { object, packing: 'Z', packed };
};

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe("R's databases", () => {
  const small = rObject(Buffer.from('a small object'));
  // More than one chunk of LZMA2, and what cannot be compressed.
  const large = rObject(Buffer.concat([LINES, noise(200_000)]));
  const made = (): RRecord[] => [
    { object: small },
    bzip2(small),
    lzma(small),
    { object: small, packing: '0' },
    lzma(large),
    bzip2(large),
    { object: large },
  ];
  let records: RRecord[];
  beforeAll(() => {
    records = made();
  });

  test.each([true, false])('objects are members, however each is packed, streamed: %s', async (streamed) => {
    const { members, gaps } = await unpack('r-database', rDatabaseBytes(records), scratch, { streamed });
    expect(gaps).toEqual([]);
    expect(members.map(({ name, sha256 }) => [name, sha256])).toEqual(
      records.map(({ object }, at) => [`record ${at + 1}`, digest(object)]),
    );
  });

  test('members that are left early do not lose those behind them', async () => {
    const bytes = rDatabaseBytes(records);
    const { members, gaps } = await unpack('r-database', bytes, scratch, { streamed: true, leaveAfter: 1 });
    expect(gaps).toEqual([]);
    expect(members).toHaveLength(records.length);
  });

  test.each([
    [
      'a length that is not that of the object',
      Buffer.concat([Buffer.from([0, 1, 0, 0]), deflateSync(small)]),
    ],
    [
      'a letter of no packing',
      Buffer.concat([rDatabaseBytes([{ object: small }]), Buffer.from('\0\0\0\x09Qabcdefghi')]),
    ],
    ['zeros behind the last record', Buffer.concat([rDatabaseBytes([{ object: small }]), Buffer.alloc(64)])],
    ['a stored object that is cut off', rDatabaseBytes([{ object: small, packing: '0' }]).subarray(0, -1)],
    [
      'LZMA2 that is cut off',
      Buffer.concat([Buffer.from('\0\x10\0\0Z\xe0\xff\xff\xff\xff\x5d\0', 'latin1'), noise(99)]),
    ],
    ['bzip2 without an end', Buffer.concat([Buffer.from('\0\0\x10\x002BZh91AY&SY', 'latin1'), noise(999)])],
    ['noise after a beginning', Buffer.concat([rDatabaseBytes([{ object: small }]), noise(5000)])],
  ])('%s is damage', async (_, bytes) => {
    const { gaps } = await unpack('r-database', bytes, scratch, { streamed: true });
    expect(gaps.map(({ reason }) => reason)).toEqual(['corrupt']);
  });

  test('a record that becomes endless ends at the length that it announced', async () => {
    const object = rObject(Buffer.alloc(64 * MIB));
    const bytes = rDatabaseBytes([{ object }]);
    bytes.writeUInt32BE(100);
    const { members, gaps } = await unpack('r-database', bytes, scratch, { leaveAfter: 1 });
    expect(members[0]?.size).toBeLessThan(MIB);
    expect(gaps.map(({ reason }) => reason)).toEqual(['corrupt']);
  });
});
