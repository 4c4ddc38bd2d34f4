// needs: 7zip zip xz-utils

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { longNamed, tarBytes } from './kit/archives/tar-bytes.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';
import { zipBytes } from './kit/archives/zip-bytes.ts';
import { flatZip } from './kit/hostile/bombs.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

/** A folder for the programs of one test, removed with the scratch. */
function folderFor(name: string): string {
  const folder = join(scratch.path, `test-${name}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

test('a zip bomb of 10 MB that holds 10 GB ends soon, as a gap and a finding, in little memory', async () => {
  const bomb = flatZip(160);
  expect(bomb.length).toBeLessThan(12 * MIB);
  const before = process.memoryUsage().rss;
  const { gaps, unsafe } = await unpack('zip', bomb, scratch);
  expect(gaps.at(-1)).toMatchObject({ reason: 'budget_exceeded' });
  expect(gaps.at(-1)?.detail).toMatch(/\d+ bytes came out of \d+: more than 1000:1/);
  expect(unsafe).toContain('bomb');
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
}, 300_000);

test('a bomb whose every level is modest is seen by what the whole tree became', async () => {
  const zeros = gzipSync(Buffer.alloc(200 * MIB), { level: 9 });
  const outer = gzipSync(
    tarBytes(Array.from({ length: 8 }, (_, i) => ({ name: `${i}.gz`, content: zeros }))),
  );
  const { unsafe, gaps } = await unpack('gzip', outer, scratch, { inner: ['tar', 'gzip'] });
  expect(unsafe).toContain('bomb');
  expect(gaps.some(({ reason }) => reason === 'budget_exceeded')).toBe(true);
});

test('containers within containers end at the depth of the budget', async () => {
  let bytes = Buffer.from('innermost');
  for (let i = 0; i < 20; i++) bytes = Buffer.from(gzipSync(bytes));
  const inner = Array.from({ length: 19 }, () => 'gzip');
  const { gaps, members } = await unpack('gzip', bytes, scratch, { inner });
  expect(members).toEqual([]);
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded', detail: expect.stringContaining('16') }]);
});

test('more members than the budget allows are a gap with the figure', async () => {
  const bytes = tarBytes(Array.from({ length: 20 }, (_, i) => ({ name: `${i}`, content: 'x' })));
  const { gaps, members } = await unpack('tar', bytes, scratch, { limits: { max_entries: 10 } });
  expect(members).toHaveLength(10);
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded', detail: 'more than 10 members in one tree' }]);
});

test('a container that takes longer than it may is stopped', async () => {
  const endless = Buffer.concat(Array.from({ length: 200_000 }, () => gzipSync('')));
  const { gaps } = await unpack('gzip', endless, scratch, { depth: 1, limits: { max_container_ms: 50 } });
  expect(gaps).toMatchObject([
    {
      reason: 'budget_exceeded',
      detail: expect.stringMatching(/^not unpacked within 50 ms; it had come to 1 members, \d+ bytes$/),
    },
  ]);
});

test('7-Zip is stopped in the middle when its time is up', async () => {
  const xz = tool(scratch.path, 'xz', ['-0', '-c'], Buffer.alloc(200 * MIB));
  const { gaps } = await unpack('xz', xz, scratch, { depth: 1, limits: { max_container_ms: 150 } });
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded' }]);
});

test('an aborted scan ends the container with its reason', async () => {
  const stop = new AbortController();
  const bytes = tarBytes([{ name: 'a', content: 'x' }]);
  stop.abort(new Error('the scan ends'));
  await expect(unpack('tar', bytes, scratch, { signal: stop.signal })).rejects.toThrow('the scan ends');
});

test('names in a tar are data: what climbs out is a finding, the rest is counted, and every member is examined', async () => {
  const invalid = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
  const long = Buffer.alloc(65_000, 'n');
  const bytes = tarBytes([
    { name: '../../etc/cron.d/x', content: 'climbs' },
    { name: 'a/../b', content: 'stays' },
    { name: '/etc/passwd', content: 'absolute' },
    { name: 'C:\\windows\\x', content: 'drive' },
    { name: 'link', type: '2', target: '/etc' },
    { name: 'link/cron', content: 'through the link' },
    { name: 'hard', type: '1', target: '../../shadow' },
    { name: 'device', type: '3' },
    { name: 'pipe', type: '6' },
    { name: 'twice', content: 'first' },
    { name: 'twice', content: 'second' },
    longNamed(long, { content: 'long' }),
    { name: invalid, content: 'not UTF-8' },
  ]);
  const { members, unsafe, measured, gaps } = await unpack('tar', bytes, scratch);
  expect(gaps).toEqual([]);
  expect(members.map(({ text }) => text)).toEqual([
    'climbs',
    'stays',
    'absolute',
    'drive',
    'through the link',
    'first',
    'second',
    'long',
    'not UTF-8',
  ]);
  expect(members.at(-1)?.name).toBe(invalid.toString('latin1'));
  expect(members.at(-2)?.name).toHaveLength(65_000);
  expect(unsafe).toEqual(['path-traversal', 'write-through-link']);
  expect(measured).toEqual({ absolute_names: 2, links: 2, outward_links: 2, devices: 2 });
});

test('links in a tar that carry content hide nothing', async () => {
  const bytes = tarBytes([
    { name: 'hard', type: '1', target: 'x', content: 'hidden' },
    { name: 'next', content: 'seen' },
  ]);
  const { members } = await unpack('tar', bytes, scratch);
  expect(members.map(({ text }) => text)).toEqual(['hidden', 'seen']);
});

test('data after the end of a tar are examined', async () => {
  const bytes = Buffer.concat([
    tarBytes([{ name: 'a', content: 'x' }]),
    Buffer.alloc(4096),
    Buffer.from('hidden'),
  ]);
  const { members } = await unpack('tar', bytes, scratch);
  expect(members.map(({ name, text }) => [name, text])).toEqual([
    ['a', 'x'],
    ['(data after the end)', 'hidden'],
  ]);
});

test('a tar is read on after a damaged header, and the loss is a gap', async () => {
  const bytes = tarBytes([
    { name: 'a', content: 'x' },
    { name: 'b', content: 'y' },
    { name: 'c', content: 'z' },
  ]);
  bytes.write('????????', 1024 + 148);
  const { members, gaps } = await unpack('tar', bytes, scratch);
  expect(members.map(({ name }) => name)).toEqual(['a', '(bytes from 1024, where a header should be)', 'c']);
  expect(members[1]?.size).toBe(1024);
  expect(gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('1024 bytes') }]);
});

test.each(['gnu', '0.0', '0.1', '1.0'])(
  'the holes of a sparse file (%s) are where they belong',
  async (version) => {
    const folder = folderFor('1');
    execFileSync(
      'sh',
      [
        '-c',
        'rm -f s; truncate -s 3M s; printf head | dd of=s conv=notrunc status=none; printf tail | dd of=s bs=1 seek=2000000 conv=notrunc status=none',
      ],
      { cwd: folder },
    );
    const format = version === 'gnu' ? ['--format=gnu'] : ['--format=pax', `--sparse-version=${version}`];
    tool(folder, 'tar', ['-S', ...format, '-cf', 's.tar', 's']);
    const expected = tool(folder, 'sha256sum', ['s']).toString().slice(0, 64);
    const { members, gaps } = await unpack('tar', `${folder}/s.tar`, scratch);
    expect(gaps).toEqual([]);
    expect(members).toMatchObject([{ name: 's', size: 3 * MIB, sha256: expected }]);
  },
);

test('overlapping members of a zip are a finding; the bytes that several claim are examined for each, as far as the archive is large', async () => {
  const data = deflateRawSync(Buffer.alloc(MIB));
  const entry = { data, method: 8, size: MIB, crc: 0xa738ea1c };
  const bytes = zipBytes([
    { ...entry, name: 'a' },
    { ...entry, name: 'b', at: 0 },
  ]);
  const { members, unsafe, gaps } = await unpack('zip', bytes, scratch);
  // The second one's own header is listed nowhere, and the one that is named for it is the first one's.
  expect(unsafe).toEqual(['overlapping-entries', 'header-mismatch']);
  expect(gaps).toEqual([]);
  expect(members.map(({ name, size }) => [name, size])).toEqual([
    ['a', MIB],
    ['b', MIB],
    ['b', MIB],
  ]);
});

test('names in a zip stay bytes, and those that climb out or are absolute stop nothing', async () => {
  const bytes = zipBytes([
    { name: '../x', data: Buffer.from('1') },
    { name: '/y', data: Buffer.from('2') },
    { name: Buffer.from([0xe9]), data: Buffer.from('3') },
    { name: 'link', data: Buffer.from('/etc/passwd'), mode: 0o120777 },
    { name: 'link/below', data: Buffer.from('4') },
  ]);
  const { members, unsafe, measured } = await unpack('zip', bytes, scratch);
  expect(members.map(({ text }) => text)).toEqual(['1', '2', '3', '/etc/passwd', '4']);
  expect(members[2]?.name).toBe('\xe9');
  expect(unsafe).toEqual(['path-traversal', 'write-through-link']);
  expect(measured).toEqual({ absolute_names: 1, links: 1, outward_links: 1 });
});

test('a member of a zip whose check sum is wrong is examined, then called corrupt; the next one is examined too', async () => {
  const bytes = zipBytes([
    { name: 'a', data: Buffer.from('altered'), crc: 1 },
    { name: 'b', data: Buffer.from('fine') },
  ]);
  const { members, gaps } = await unpack('zip', bytes, scratch);
  expect(members.map(({ text }) => text)).toEqual(['altered', 'fine']);
  expect(gaps).toMatchObject([{ reason: 'corrupt', member: 'a' }]);
});

test('junk before and after a zip does not hide it', async () => {
  const bytes = zipBytes([{ name: 'a', data: Buffer.from('inside') }]);
  const { members } = await unpack('zip', Buffer.concat([Buffer.alloc(5000, 'stub '), bytes]), scratch);
  expect(members.some(({ text }) => text === 'inside')).toBe(true);
  const after = await unpack('zip', Buffer.concat([bytes, Buffer.from('more')]), scratch);
  expect(after.members.some(({ text }) => text === 'inside')).toBe(true);
});

test('encrypted members are one gap that names them; with the password they are examined', async () => {
  const folder = folderFor('2');
  execFileSync('sh', ['-c', 'printf open > o; printf secret > s; rm -f e.*'], { cwd: folder });
  tool(folder, 'zip', ['-q', 'e.zip', 'o']);
  tool(folder, 'zip', ['-q', '-P', 'infected', 'e.zip', 's']);
  tool(folder, '7zz', ['a', '-pinfected', 'e.7z', 's']);
  tool(folder, '7zz', ['a', '-pinfected', '-mhe=on', 'h.7z', 's']);
  tool(folder, '7zz', ['a', '-pinfected', '-tzip', '-mem=AES256', 'a.zip', 's']);
  const partly = await unpack('zip', `${folder}/e.zip`, scratch);
  expect(partly.members.map(({ text }) => text)).toEqual(['open']);
  expect(partly.gaps).toMatchObject([{ reason: 'encrypted', detail: '1 of 2 members need a password: s' }]);
  for (const [format, file] of [
    ['zip', 'e.zip'],
    ['7z', 'e.7z'],
    ['7z', 'h.7z'],
    ['zip', 'a.zip'],
  ] as const) {
    const without = await unpack(format, `${folder}/${file}`, scratch, { passwords: ['wrong'] });
    expect(without.gaps.map(({ reason }) => reason)).toEqual(['encrypted']);
    expect(without.members.some(({ text }) => text === 'secret')).toBe(false);
    const opened = await unpack(format, `${folder}/${file}`, scratch, { passwords: ['wrong', 'infected'] });
    expect(opened.gaps).toEqual([]);
    expect(opened.members.some(({ text }) => text === 'secret')).toBe(true);
  }
});

test('the rarer methods of zip are read too', async () => {
  const folder = folderFor('3');
  execFileSync('sh', ['-c', 'seq 1 10000 > n; rm -f m.zip'], { cwd: folder });
  for (const method of ['LZMA', 'BZip2', 'Deflate64', 'PPMd']) {
    tool(folder, '7zz', ['a', `-mm=${method}`, `${method}.zip`, 'n']);
    const { members, gaps } = await unpack('zip', `${folder}/${method}.zip`, scratch);
    expect(gaps).toEqual([]);
    expect(members).toMatchObject([{ name: 'n', size: 48_894 }]);
  }
});

test('several gzip streams, and what follows the last, are all examined', async () => {
  const bytes = Buffer.concat([gzipSync('one '), gzipSync('two'), Buffer.alloc(100), Buffer.from('junk')]);
  const { members } = await unpack('gzip', bytes, scratch);
  expect(members.map(({ text }) => text)).toEqual(['one two', 'junk']);
});

test('a large hidden frame of a zst and the bytes after its end are examined', async () => {
  const hidden = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 30, 0, 0, 0]), Buffer.alloc(30, 'h')]);
  const bytes = Buffer.concat([zstdCompressSync('a'), hidden, zstdCompressSync('b'), Buffer.from('junk')]);
  const { members } = await unpack('zstd', bytes, scratch);
  expect(members.map(({ text }) => text)).toEqual(['ab', 'h'.repeat(30), 'junk']);
});

test('a zst that wants a window of more than 128 MiB is a gap', async () => {
  const content = Buffer.alloc(MIB);
  const bytes = zstdCompressSync(content, {
    params: {
      [constants.ZSTD_c_windowLog]: 30,
      [constants.ZSTD_c_contentSizeFlag]: 0,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
  const { gaps } = await unpack('zstd', longWindow(bytes), scratch);
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded', detail: expect.stringContaining('window') }]);
});

/** The frame header made by hand: no content size, a window of 1 GiB. */
function longWindow(frame: Buffer): Buffer {
  const LOG_30 = (30 - 10) << 3;
  return Buffer.concat([frame.subarray(0, 4), Buffer.from([0, LOG_30]), Buffer.from([1, 0, 0])]);
}

test('a dictionary of a GiB is a gap, not memory', async () => {
  const lzma = tool(scratch.path, 'xz', ['--format=lzma', '-c'], Buffer.from('small'));
  lzma.writeUInt32LE(GIB, 1);
  const before = process.memoryUsage().rss;
  const { gaps } = await unpack('lzma', lzma, scratch);
  expect(gaps).toMatchObject([{ reason: 'budget_exceeded', detail: expect.stringContaining('memory') }]);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
});

test('members that are left early do not disturb the next ones', async () => {
  const big = Buffer.alloc(3 * MIB, 'big');
  const folder = folderFor('5');
  execFileSync('sh', ['-c', 'rm -f l.*; for i in 1 2 3; do head -c 3000000 /dev/urandom > f$i; done'], {
    cwd: folder,
  });
  tool(folder, '7zz', ['a', 'l.7z', 'f1', 'f2', 'f3']);
  const cases = [
    [
      'tar',
      tarBytes([
        { name: 'a', content: big },
        { name: 'b', content: big },
      ]),
    ],
    [
      'zip',
      zipBytes([
        { name: 'a', data: big },
        { name: 'b', data: big },
      ]),
    ],
    ['7z', `${folder}/l.7z`],
    ['gzip', Buffer.concat([gzipSync(big), Buffer.from('junk')])],
  ] as const;
  for (const [format, bytes] of cases) {
    const { members, gaps } = await unpack(format, bytes, scratch, { leaveAfter: 1 });
    expect(gaps).toEqual([]);
    expect(members.length).toBeGreaterThanOrEqual(2);
  }
});

test('archives of 7-Zip nested in each other each have their own thread', async () => {
  const folder = folderFor('6');
  execFileSync('sh', ['-c', 'seq 1 300000 > n; rm -f *.7z'], { cwd: folder });
  tool(folder, '7zz', ['a', '-mx=1', '1.7z', 'n']);
  for (let i = 1; i < 5; i++) tool(folder, '7zz', ['a', '-mx=0', `${i + 1}.7z`, `${i}.7z`]);
  const { members, gaps } = await unpack('7z', `${folder}/5.7z`, scratch, {
    inner: ['7z', '7z', '7z', '7z'],
  });
  expect(gaps).toEqual([]);
  expect(members).toMatchObject([{ name: 'n' }]);
});

test('an xz within a 7z: the two threads of 7-Zip do not wait for each other', async () => {
  const folder = folderFor('7');
  execFileSync('sh', ['-c', 'seq 1 2000000 > n; rm -f n.xz n.7z; xz -0 -k n'], { cwd: folder });
  tool(folder, '7zz', ['a', '-mx=0', 'n.7z', 'n.xz']);
  const { members, gaps } = await unpack('7z', `${folder}/n.7z`, scratch, { inner: ['xz'] });
  expect(gaps).toEqual([]);
  expect(members).toMatchObject([{ name: 'n', size: 14_888_896 }]);
});

test('a failure of the examiner is its own, not a gap', async () => {
  const { openContainer, Budget, DEFAULT_LIMITS } = await import('../src/unpack/index.ts');
  const { MemorySource } = await import('../src/bytes/index.ts');
  const source = new MemorySource(tarBytes([{ name: 'a', content: 'x' }]));
  const sink = {
    member: () => Promise.reject(new Error('the examiner failed')),
    gap: () => expect.unreachable(),
    unsafe: () => {},
    measure: () => {},
  };
  const container = {
    format: 'tar',
    name: 'a',
    depth: 0,
    size: source.size,
    source,
    stream: source.stream(),
  };
  const context = {
    budget: new Budget(DEFAULT_LIMITS),
    scratch,
    passwords: [],
    signal: new AbortController().signal,
  };
  await expect(openContainer(container, sink, context)).rejects.toThrow('the examiner failed');
});
