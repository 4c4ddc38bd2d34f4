// needs: zip 7zip libarchive-tools python3

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { tool } from './kit/archives/tool.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

// What ordinary programs write is read without a word.

const LINES = Buffer.from(
  Array.from({ length: 60_000 }, (_, i) => `line ${(i * 2654435761) % 2 ** 32}\n`).join(''),
);
const NOISE = Buffer.concat(
  Array.from({ length: 12_000 }, (_, i) => createHash('sha256').update(`${i}`).digest()),
);
const FILES: Record<string, Buffer> = {
  'lines.txt': LINES,
  'noise.bin': NOISE,
  empty: Buffer.alloc(0),
  'small.txt': Buffer.from('a small one'),
  'folder/inner.txt': Buffer.from('inside a folder'),
};

let scratch: Scratch;
let folder: string;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
  folder = join(scratch.path, 'tree');
  mkdirSync(join(folder, 'folder'), { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(folder, name), bytes);
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

const EXPECTED = Object.fromEntries(
  Object.entries(FILES).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
);

function sums({ members }: Unpacked): Record<string, string> {
  expect(new Set(members.map(({ name }) => name)).size).toBe(members.length);
  return Object.fromEntries(members.map(({ name, sha256 }) => [name, sha256]));
}

function python(script: string): void {
  tool(folder, 'python3', [
    '-c',
    `import sys, zipfile\nnames = sys.argv[1:]\n${script}`,
    ...Object.keys(FILES),
  ]);
}

function sevenZip(archive: string, ...options: readonly string[]): void {
  tool(folder, '7zz', ['a', '-tzip', ...options, archive, ...Object.keys(FILES)]);
}

const MAKERS: Record<string, (archive: string) => void> = {
  zip: (archive) => tool(folder, 'zip', ['-q', archive, ...Object.keys(FILES)]),
  'zip, with folders': (archive) => tool(folder, 'zip', ['-qr', archive, ...Object.keys(FILES), 'folder']),
  'zip, with descriptors': (archive) => tool(folder, 'zip', ['-q', '-fd', archive, ...Object.keys(FILES)]),
  'zip, as a stream': (archive) =>
    writeFileSync(join(folder, archive), tool(folder, 'zip', ['-q', '-', ...Object.keys(FILES)])),
  'zip, with zip64': (archive) => tool(folder, 'zip', ['-q', '-fz', archive, ...Object.keys(FILES)]),
  'zip, stored': (archive) => tool(folder, 'zip', ['-q', '-0', archive, ...Object.keys(FILES)]),
  'zip, bzip2': (archive) => tool(folder, 'zip', ['-q', '-Z', 'bzip2', archive, ...Object.keys(FILES)]),
  'zip, with comments': (archive) =>
    tool(folder, 'zip', ['-q', '-z', archive, ...Object.keys(FILES)], Buffer.from('a comment\n.\n')),
  'zip, extended': (archive) => {
    tool(folder, 'zip', ['-q', archive, 'lines.txt', 'noise.bin']);
    tool(folder, 'zip', ['-q', '-g', archive, 'empty', 'small.txt', 'folder/inner.txt']);
  },
  'zip, behind a program': (archive) => {
    tool(folder, 'zip', ['-q', 'plain.zip', ...Object.keys(FILES)]);
    const bytes = Buffer.concat([Buffer.alloc(3000), readFileSync(join(folder, 'plain.zip'))]);
    writeFileSync(join(folder, archive), bytes);
  },
  'zip, behind a program it knows of': (archive) => {
    tool(folder, 'zip', ['-q', 'stub.zip', ...Object.keys(FILES)]);
    writeFileSync(
      join(folder, archive),
      Buffer.concat([Buffer.alloc(3000), readFileSync(join(folder, 'stub.zip'))]),
    );
    tool(folder, 'zip', ['-q', '-A', archive]);
  },
  '7zz': (archive) => sevenZip(archive),
  '7zz, Deflate64': (archive) => sevenZip(archive, '-mm=Deflate64'),
  '7zz, LZMA': (archive) => sevenZip(archive, '-mm=LZMA'),
  '7zz, PPMd': (archive) => sevenZip(archive, '-mm=PPMd'),
  '7zz, bzip2': (archive) => sevenZip(archive, '-mm=BZip2'),
  '7zz, xz': (archive) => sevenZip(archive, '-mm=xz'),
  bsdtar: (archive) => tool(folder, 'bsdtar', ['--format', 'zip', '-cf', archive, ...Object.keys(FILES)]),
  'bsdtar, as a stream': (archive) =>
    writeFileSync(
      join(folder, archive),
      tool(folder, 'bsdtar', ['--format', 'zip', '-cf', '-', ...Object.keys(FILES)]),
    ),
  'bsdtar, stored': (archive) =>
    tool(folder, 'bsdtar', [
      '--format',
      'zip',
      '--options',
      'zip:compression=store',
      '-cf',
      archive,
      ...Object.keys(FILES),
    ]),
  python: (archive) =>
    python(
      `with zipfile.ZipFile('${archive}', 'w', zipfile.ZIP_DEFLATED) as z:\n for n in names: z.write(n)`,
    ),
  'python, as a stream': (archive) =>
    python(
      `class Pipe:\n def __init__(self, f): self.write, self.flush = f.write, f.flush\n` +
        `with open('${archive}', 'wb') as f, zipfile.ZipFile(Pipe(f), 'w', zipfile.ZIP_DEFLATED) as z:\n for n in names: z.write(n)`,
    ),
  'python, as a stream, stored, with zip64': (archive) =>
    python(
      `class Pipe:\n def __init__(self, f): self.write, self.flush = f.write, f.flush\n` +
        `with open('${archive}', 'wb') as f, zipfile.ZipFile(Pipe(f), 'w') as z:\n for n in names:\n` +
        `  with z.open(n, 'w', force_zip64=True) as m: m.write(open(n, 'rb').read())`,
    ),
  'python, with LZMA': (archive) =>
    python(`with zipfile.ZipFile('${archive}', 'w', zipfile.ZIP_LZMA) as z:\n for n in names: z.write(n)`),
  'python, appended': (archive) =>
    python(
      `with zipfile.ZipFile('${archive}', 'w') as z: z.write(names[0])\n` +
        `with zipfile.ZipFile('${archive}', 'a') as z:\n for n in names[1:]: z.write(n)`,
    ),
};

describe('an archive', () => {
  test.each(Object.entries(MAKERS))(
    'by %s has all its members, and nothing else is said',
    async (name, make) => {
      const archive = `${name.replaceAll(/[ ,]+/g, '-')}.zip`;
      make(archive);
      const result = await unpack('zip', join(folder, archive), scratch);
      const { gaps, unsafe, measured } = result;
      expect(sums(result)).toEqual(EXPECTED);
      expect({ gaps, unsafe, measured }).toEqual({ gaps: [], unsafe: [], measured: {} });
    },
  );
});

/** No check sum tells a password that fits nothing at all by chance from the right one. */
const LOCKED = Object.keys(FILES).filter((name) => name !== 'empty');

describe('passwords', () => {
  test.each([
    ['ZipCrypto', ['-mem=ZipCrypto']],
    ['AES-128', ['-mem=AES128']],
    ['AES-192', ['-mem=AES192']],
    ['AES-256', ['-mem=AES256']],
    ['AES-256 over PPMd', ['-mem=AES256', '-mm=PPMd']],
    ['AES-256 over LZMA', ['-mem=AES256', '-mm=LZMA']],
    ['ZipCrypto over Deflate64', ['-mem=ZipCrypto', '-mm=Deflate64']],
    ['ZipCrypto, stored', ['-mem=ZipCrypto', '-mm=Copy']],
    ['AES-256, stored', ['-mem=AES256', '-mm=Copy']],
  ])('%s is opened by the one that fits, which is told by its place in the list', async (name, options) => {
    const archive = `${name.replaceAll(/[ ,]+/g, '-')}-locked.zip`;
    tool(folder, '7zz', ['a', '-tzip', '-pinfected', ...options, archive, ...LOCKED]);
    const path = join(folder, archive);
    const passwords = ['wrong', 'infected', 'other'];
    const opened = await unpack('zip', path, scratch, { passwords });
    expect(sums(opened)).toEqual(Object.fromEntries(LOCKED.map((file) => [file, EXPECTED[file]])));
    expect([opened.gaps, opened.unsafe]).toEqual([[], []]);
    expect(opened.measured).toEqual({ members_opened_with_password_1: 4 });
    const closed = await unpack('zip', path, scratch, { passwords: ['wrong'] });
    expect(closed.members).toEqual([]);
    expect(closed.gaps).toMatchObject([
      { reason: 'encrypted', detail: expect.stringContaining('4 of 4 members need a password') },
    ]);
  });

  test('each member may have another one, and those without are examined', async () => {
    tool(folder, 'zip', ['-q', 'mixed.zip', 'small.txt']);
    tool(folder, 'zip', ['-q', '-P', 'one', 'mixed.zip', 'lines.txt']);
    tool(folder, 'zip', ['-q', '-0', '-P', 'two', 'mixed.zip', 'noise.bin']);
    tool(folder, '7zz', ['a', '-tzip', '-pthree', '-mem=AES256', 'mixed.zip', 'folder/inner.txt']);
    const path = join(folder, 'mixed.zip');
    const all = await unpack('zip', path, scratch, { passwords: ['one', 'two', 'three'] });
    expect(all.members.map(({ name }) => name).toSorted()).toEqual([
      'folder/inner.txt',
      'lines.txt',
      'noise.bin',
      'small.txt',
    ]);
    expect(all.gaps).toEqual([]);
    const some = await unpack('zip', path, scratch, { passwords: ['two'] });
    expect(some.members.map(({ name }) => name).toSorted()).toEqual(['noise.bin', 'small.txt']);
    expect(some.gaps).toMatchObject([
      { reason: 'encrypted', detail: expect.stringMatching(/^2 of 4 members need a password: /) },
    ]);
  });

  test.each([
    ['zip', ['-mem=ZipCrypto']],
    ['Deflate64', ['-mem=ZipCrypto', '-mm=Deflate64']],
    ['stored', ['-mem=ZipCrypto', '-mm=Copy']],
  ])('wrong ones that seem to fit by one byte of ZipCrypto are passed over: %s', async (name, options) => {
    const archive = `many-${name}.zip`;
    tool(folder, '7zz', ['a', '-tzip', '-pthe right one', ...options, archive, ...LOCKED]);
    const path = join(folder, archive);
    const wrong = Array.from({ length: 1000 }, (_, i) => `wrong ${i}`);
    const { members, gaps } = await unpack('zip', path, scratch, { passwords: [...wrong, 'the right one'] });
    for (const { name: member, sha256 } of members) expect(sha256).toBe(EXPECTED[member]);
    expect([members.length, gaps]).toEqual([LOCKED.length, []]);
    const closed = await unpack('zip', path, scratch, { passwords: wrong });
    expect(closed.members).toEqual([]);
    expect(closed.gaps).toMatchObject([{ reason: 'encrypted' }]);
  });

  test('encrypted data that were altered are examined, and then a gap', async () => {
    tool(folder, '7zz', ['a', '-tzip', '-pinfected', '-mem=AES256', '-mm=Copy', 'altered.zip', 'noise.bin']);
    const bytes = readFileSync(join(folder, 'altered.zip'));
    bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
    const { members, gaps } = await unpack('zip', bytes, scratch, { passwords: ['infected'] });
    expect(members).toMatchObject([{ name: 'noise.bin', size: NOISE.length }]);
    expect(gaps).toMatchObject([{ reason: 'corrupt', member: 'noise.bin' }]);
  });
});

describe('a split archive', () => {
  test('is opened when its parts are joined, and a lone part is a gap', async () => {
    const small = Array.from({ length: 40 }, (_, i) => `part${i}`);
    for (const name of small)
      writeFileSync(join(folder, name), `${name} ${NOISE.toString('base64', 0, 9000)}`);
    tool(folder, 'zip', ['-q', '-0', '-s', '64k', 'split.zip', 'noise.bin', 'lines.txt', ...small]);
    const parts = readdirSync(folder)
      .filter((name) => /^split\.z(?:ip|\d\d)$/.test(name))
      .toSorted();
    expect(parts.length).toBeGreaterThan(10);
    const bytes = parts.map((name) => readFileSync(join(folder, name)));
    const whole = await unpack('zip', Buffer.concat(bytes), scratch);
    expect(whole.members.map(({ name }) => name).toSorted()).toEqual(
      ['lines.txt', 'noise.bin', ...small].toSorted(),
    );
    expect([whole.gaps, whole.unsafe, whole.measured]).toEqual([[], [], {}]);
    const first = await unpack('zip', bytes[0]!, scratch);
    expect(first.gaps.at(-1)).toMatchObject({
      reason: 'unsupported_format',
      detail: 'part 1 of a split archive: the others are missing',
    });
    const last = await unpack('zip', bytes.at(-1)!, scratch);
    const detail = `part ${parts.length} of ${parts.length} of a split archive: the others are missing`;
    expect(last.gaps.at(-1)).toMatchObject({ reason: 'unsupported_format', detail });
    expect(last.members.some(({ name }) => name === small.at(-1))).toBe(true);
  });
});
