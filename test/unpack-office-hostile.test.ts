import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { agileDocument } from './kit/archives/office-encryption.ts';
import { oleBytes, type OleFile } from './kit/archives/ole-bytes.ts';
import { ole1Object, packageBytes, rtfWithObject } from './kit/archives/rtf-bytes.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';
import { vbaStreams } from './kit/archives/vba-bytes.ts';
import { xorWorkbook } from './kit/archives/workbook-bytes.ts';

const MIB = 1024 ** 2;
const NO_SECTOR = 0xffffffff;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

/** No run of zeros, no two parts alike. */
function content(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = ((i + seed * 7919) * 2654435761) >>> 24;
  return bytes;
}

function sample(): OleFile {
  return oleBytes([
    { path: 'large', content: content(20_000, 1) },
    { path: 'small', content: content(300, 2) },
    { path: 'Folder/other', content: content(6000, 3) },
    ...vbaStreams('Macros/VBA', [{ name: 'Module1', source: 'Attribute VB_Name = "Module1"\r\n' }]),
  ]);
}

/** Writes a number into the allocation table: what follows `sector`. */
function follow({ bytes, fatAt }: OleFile, sector: number, next: number): void {
  bytes.writeUInt32LE(next >>> 0, fatAt + sector * 4);
}

function sizesOf({ members }: Unpacked): Record<string, number> {
  return Object.fromEntries(members.map(({ name, size }) => [name, size]));
}

test('a stream whose sectors run in a circle is given up where it meets itself, the others come out', async () => {
  const file = sample();
  const first = file.firstSector('large');
  follow(file, first + 9, first);
  const found = await unpack('ole', file.bytes, scratch);
  expect(found.gaps).toMatchObject([
    { reason: 'corrupt', member: 'large', detail: expect.stringMatching(/circle/) },
  ]);
  expect(sizesOf(found)).toMatchObject({ large: 5120, small: 300, 'Folder/other': 6000 });
  // The rest of it belongs to no one now, and is seen all the same.
  const rest = found.members.filter(({ name }) => name.endsWith('in no member)'));
  expect(rest.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThanOrEqual(20_000 - 5120);
});

test.each([
  ['beyond the end of the file', 0x00ffffff, /leads out of the file/],
  ['to a sector marked as free', NO_SECTOR, /leads out of the file/],
  ['to the end of the chain too early', 0xfffffffe, /too early/],
])('a stream whose chain leads %s gives what came, and a gap', async (_, next, detail) => {
  const file = sample();
  follow(file, file.firstSector('large') + 3, next);
  const found = await unpack('ole', file.bytes, scratch);
  expect(found.gaps).toMatchObject([
    { reason: 'corrupt', member: 'large', detail: expect.stringMatching(detail) },
  ]);
  expect(sizesOf(found)).toMatchObject({ large: 2048, small: 300 });
});

test('two streams that share sectors are both examined', async () => {
  const file = sample();
  file.bytes.writeUInt32LE(file.firstSector('large') + 2, file.entryAt('Folder/other') + 116);
  const { members, measured, gaps } = await unpack('ole', file.bytes, scratch);
  const large = content(20_000, 1);
  const shared = createHash('sha256').update(large.subarray(1024, 7024)).digest('hex');
  expect(members.find(({ name }) => name === 'Folder/other')?.sha256).toBe(shared);
  expect(measured).toEqual({ shared_sectors: 12 });
  expect(gaps).toEqual([]);
});

test.each([512, 4096] as const)(
  'a stream that claims 2^63 bytes in sectors of %i gives what is there',
  async (sector) => {
    const file = oleBytes([{ path: 'large', content: content(20_000, 1) }], sector);
    file.bytes.writeBigUInt64LE(2n ** 63n + 20_000n, file.entryAt('large') + 120);
    const found = await unpack('ole', file.bytes, scratch);
    // The upper half of a size is garbage in files with small sectors.
    const reasons = found.gaps.map(({ reason, member }) => [reason, member]);
    expect(reasons).toEqual(sector === 512 ? [] : [['corrupt', 'large']]);
    expect(found.members[0]?.size).toBe(sector === 512 ? 20_000 : 20_480);
  },
);

test('a directory whose entries lead back to one another shows each entry once, and says so', async () => {
  const file = sample();
  const index = (path: string): number => (file.entryAt(path) - file.directoryAt) / 128;
  file.bytes.writeUInt32LE(index('Folder'), file.entryAt('Folder/other') + 68);
  file.bytes.writeUInt32LE(0, file.entryAt('small') + 76);
  file.bytes.writeUInt32LE(index('small'), file.entryAt('small') + 68);
  const { members, gaps } = await unpack('ole', file.bytes, scratch);
  expect(gaps).toMatchObject([
    { reason: 'corrupt', detail: expect.stringMatching(/^\d references of the directory/) },
  ]);
  expect(members.filter(({ name }) => name === 'Folder/other')).toHaveLength(1);
});

test('a circle of directory sectors ends', async () => {
  const file = sample();
  const first = file.directoryAt / 512 - 1;
  follow(file, first + 1, first);
  const { gaps, members } = await unpack('ole', file.bytes, scratch);
  expect(gaps[0]).toMatchObject({
    reason: 'corrupt',
    detail: expect.stringMatching(/^the directory: .*circle/),
  });
  expect(members.map(({ name }) => name)).toContain('large');
});

test('storages in storages, two thousand deep, cost little', async () => {
  const file = oleBytes([{ path: Array.from({ length: 2000 }, () => 'd').join('/') }], 4096);
  // The last one becomes a stream.
  file.bytes[file.directoryAt + 2000 * 128 + 66] = 2;
  const { members, gaps } = await unpack('ole', file.bytes, scratch);
  expect(gaps).toEqual([]);
  expect(members).toHaveLength(1);
  expect(members[0]?.name.length).toBeLessThan(300);
});

test('a directory of more entries than are read is a gap, and those that are come out', async () => {
  const file = oleBytes(
    [
      { path: 'filler', content: Buffer.alloc(34 * MIB) },
      { path: 'small', content: content(300, 2) },
    ],
    4096,
  );
  // The directory goes on with three hundred thousand empty entries.
  follow(file, file.directoryAt / 4096 - 1, file.firstSector('filler'));
  const before = process.memoryUsage().rss;
  const { gaps, members } = await unpack('ole', file.bytes, scratch);
  expect(gaps).toMatchObject([
    { reason: 'budget_exceeded', detail: expect.stringMatching(/^the directory/) },
  ]);
  expect(members.map(({ name }) => name)).toEqual(['small', 'filler']);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
}, 20_000);

test('twenty thousand streams over the same sectors end by the budget', async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => ({ path: `s${i}`, content: Buffer.alloc(0) }));
  const file = oleBytes([{ path: 'large', content: content(2 * MIB, 1) }, ...names], 4096);
  for (const { path } of names) {
    file.bytes.writeUInt32LE(file.firstSector('large'), file.entryAt(path) + 116);
    file.bytes.writeUInt32LE(2 * MIB, file.entryAt(path) + 120);
  }
  const { gaps } = await unpack('ole', file.bytes, scratch, { limits: { max_unpacked_bytes: 100 * MIB } });
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded' }]);
}, 20_000);

test('a stream made of nothing but beginnings of VBA source is given up as a gap', async () => {
  // Each byte 1 begins a chunk that is all text; within it, the next 1 is the flags of a group.
  const group = Buffer.from('01ffbf0041414141', 'hex');
  const bytes = Buffer.concat(Array.from({ length: 300_000 }, () => group));
  const file = oleBytes([
    { path: 'VBA/_VBA_PROJECT', content: Buffer.alloc(10) },
    { path: 'VBA/x', content: bytes },
  ]);
  const start = performance.now();
  const { members, gaps } = await unpack('ole', file.bytes, scratch);
  expect(members.map(({ name }) => name)).toContain('VBA/x');
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded', member: 'VBA/x' }]);
  expect(performance.now() - start).toBeLessThan(10_000);
}, 20_000);

test('an object in RTF nested in itself a hundred thousand times ends as a gap', async () => {
  const rtf = Buffer.from(`{\\rtf1${'{\\objdata 00'.repeat(100_000)}`);
  const { gaps } = await unpack('rtf', rtf, scratch);
  expect(gaps).toContainEqual(expect.objectContaining({ reason: 'budget_exceeded' }));
  expect(gaps).toContainEqual(expect.objectContaining({ reason: 'corrupt' }));
}, 20_000);

/** One of everything that is opened within a compound file. */
function everything(): Buffer {
  const project = oleBytes(vbaStreams('VBA', [{ name: 'M', source: 'Attribute VB_Name = "M"\r\n' }])).bytes;
  const size = Buffer.alloc(4);
  const atom = Buffer.from('1000111000000000', 'hex');
  const body = '1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0';
  return oleBytes([
    { path: 'Book', content: xorWorkbook('VelvetSweatshop', [Buffer.from('09080000', 'hex')], true) },
    { path: 'PowerPoint Document', content: Buffer.concat([atom, size, deflateSync(project)]) },
    { path: 'Pool/\x01Ole10Native', content: Buffer.concat([size, packageBytes('a', content(500, 6))]) },
    { path: '__substg1.0_10090102', content: Buffer.from(body, 'hex') },
    { path: 'a/__substg1.0_37010102', content: content(700, 7) },
    { path: 'a/__substg1.0_3707001F', content: Buffer.from('a.exe', 'utf16le') },
  ]).bytes;
}

const SAMPLES: readonly (readonly [string, string, () => Buffer])[] = [
  ['a compound file', 'ole', () => sample().bytes],
  ['a compound file of everything', 'ole', everything],
  ['an encrypted document', 'ole', () => agileDocument(content(5000, 4), 'VelvetSweatshop', 10)],
  [
    'a text with an object',
    'rtf',
    () => rtfWithObject(ole1Object('Package', packageBytes('a.exe', content(3000, 5)))),
  ],
];

test.each(SAMPLES)(
  '%s cut off anywhere is never silent',
  async (_, format, make) => {
    const whole = make();
    const { members: all } = await unpack(format, whole, scratch);
    for (let length = 0; length < whole.length; length += 97) {
      const { gaps, members } = await unpack(format, whole.subarray(0, length), scratch);
      const same = all.every(({ sha256 }) => members.some((member) => member.sha256 === sha256));
      expect(gaps.length > 0 || same, `cut off after ${length} bytes`).toBe(true);
    }
  },
  20_000,
);

test.each(SAMPLES)(
  '%s with bytes that flipped never breaks the reader',
  async (_, format, make) => {
    const whole = make();
    const change = fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        const { gaps, members } = await unpack(format, bytes, scratch, {
          limits: { max_unpacked_bytes: 64 * MIB },
        });
        expect(gaps.map(({ reason }) => reason)).not.toContain('engine_failed');
        // A text without an object holds nothing but itself.
        expect(format === 'rtf' || gaps.length + members.length > 0).toBe(true);
      }),
      { seed: 20261122, numRuns: 300 },
    );
  },
  20_000,
);

test('the head of a compound file with any numbers in it never breaks the reader', async () => {
  const whole = sample().bytes;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 488, maxLength: 488 }), fc.nat(3), async (head, kept) => {
      const bytes = Buffer.from(whole);
      bytes.set(head, 24);
      // Sizes of sectors that are taken, most of the time.
      if (kept > 0) bytes.set(whole.subarray(24, 24 + 12 * kept), 24);
      const { gaps, members } = await unpack('ole', bytes, scratch);
      expect(gaps.map(({ reason }) => reason)).not.toContain('engine_failed');
      expect(gaps.length + members.length).toBeGreaterThan(0);
    }),
    { seed: 20261122, numRuns: 300 },
  );
}, 20_000);
