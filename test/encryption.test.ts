// needs: ent xz-utils
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shannon } from '../src/analyze/entropy/index.ts';
import { isBareLzma } from '../src/analyze/entropy/encryption/bare-lzma.ts';
import { chiSquare } from '../src/analyze/entropy/profile/chi-square.ts';
import { Profiler } from '../src/analyze/entropy/profile/profile.ts';
import { scanJson, type Report, type Result } from './kit/cli.ts';
import { tarOf } from './kit/trees.ts';

const OFF = ['--clamd', 'off', '--yara', 'off'];

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'encryption-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function cipher(bytes: Buffer, key: string): Buffer {
  const secret = createHash('sha256').update(key).digest();
  return createCipheriv('aes-256-ctr', secret, Buffer.alloc(16)).update(bytes);
}

function words(length: number, seed: number): Buffer {
  const lines = Array.from(
    { length: Math.ceil(length / 30) },
    (_, at) => `${seed} line ${at * seed} of the report\n`,
  );
  return Buffer.from(lines.join('').slice(0, length));
}

/** 120 files as people have them, small ones: text, tables, programs, and what is compressed by several tools. */
const ORDINARY: ReadonlyMap<string, Buffer> = ordinary();

function ordinary(): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const program = readFileSync('/bin/ls');
  for (let at = 0; at < 20; at++) {
    files.set(`notes/${at}.txt`, words(3000 + at * 700, at + 2));
    files.set(
      `tables/${at}.csv`,
      Buffer.from(
        words(9000, at + 3)
          .toString()
          .replaceAll(' ', ','),
      ),
    );
    files.set(`logs/${at}.log.gz`, gzipSync(words(40_000, at + 5)));
    files.set(`xz/${at}.txt.xz`, execFileSync('xz', ['-c'], { input: words(200_000 + at, at + 7) }));
    files.set(`bin/tool${at}`, program.subarray(0, 60_000 + at * 4000));
    files.set(`records/${at}.dat`, Buffer.alloc(20_000, `\0\x01\0\0${at}abc\xff\xfe\0\0`, 'latin1'));
  }
  return files;
}

function folderOf(name: string, files: ReadonlyMap<string, Buffer>): string {
  const folder = join(work, name);
  for (const [path, bytes] of files) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** `every` file out of so many is encrypted. */
function attacked(
  every: number,
  how: (bytes: Buffer, path: string) => Buffer,
  ending = '',
): Map<string, Buffer> {
  return new Map(
    [...ORDINARY].map(([path, bytes], index) =>
      index % every === 0 ? [path + ending, how(bytes, path)] : [path, bytes],
    ),
  );
}

const kinds = (result: { findings: readonly { kind: string }[] }): string[] =>
  result.findings.map(({ kind }) => kind);

function single(name: string, bytes: Buffer): string {
  writeFileSync(join(work, name), bytes);
  return join(work, name);
}

/** The folders and files that are scanned together, as a user may; each given folder is judged by itself. */
let given: Record<
  | 'ordinary'
  | 'whole'
  | 'parts'
  | 'head'
  | 'one'
  | 'container'
  | 'salted'
  | 'vault'
  | 'gzip'
  | 'behind'
  | 'restic'
  | 'pack'
  | 'attackedPack',
  string
>;
let results: Report['results'];

beforeAll(async () => {
  const salted = Buffer.concat([Buffer.from('Salted__'), cipher(words(30_000, 3), 'salt')]);
  const object = cipher(words(50_000, 3), 'restic');
  const header = cipher(Buffer.alloc(40), 'header');
  const xz = execFileSync('xz', ['-c'], { input: readFileSync('/bin/ls') });
  const pack = Buffer.concat([header, xz]);
  given = {
    ordinary: folderOf('ordinary', ORDINARY),
    whole: folderOf('whole', attacked(3, cipher)),
    parts: folderOf(
      'parts',
      attacked(3, (bytes, key) => everyOther(bytes, 4096, key)),
    ),
    head: folderOf(
      'head',
      attacked(3, (bytes, key) => first(bytes, 4096, key)),
    ),
    one: folderOf('one', new Map([...ORDINARY, ['letter.docx', cipher(words(30_000, 3), 'one')]])),
    container: single('nightly.tar.gz', gzipSync(await tarOf(Object.fromEntries(attacked(3, cipher))))),
    salted: single('report.docx', salted),
    vault: single('report.tar.enc', salted),
    gzip: single(
      'a.gz',
      Buffer.concat([Buffer.from('1f8b0800000000000003', 'hex'), cipher(words(60_000, 3), 'fake')]),
    ),
    behind: single('b.gz', Buffer.concat([gzipSync('hello'), cipher(words(60_000, 3), 'behind')])),
    pack: single('in-order.pak', pack),
    attackedPack: single('attacked.pak', cipher(pack, 'pack')),
    restic: single(createHash('sha256').update(object).digest('hex'), object),
  };
  ({
    report: { results },
  } = await scanJson([...OFF, ...Object.values(given)]));
});

/** What was said of the folder as a whole; and of each file in it. */
const whole = (folder: string): Result | undefined => results.find(({ path }) => path === folder);
const files = (folder: string): Result[] => results.filter(({ path }) => path.startsWith(`${folder}/`));
const suspected = (among: readonly Result[]): (string | undefined)[] =>
  among
    .filter((result) => kinds(result).includes('encryption_suspected'))
    .map(({ path }) => path.split('/').at(-1));

describe('a folder', () => {
  test('in order raises no suspicion, compressed files included', () => {
    expect(files(given.ordinary)).toHaveLength(120);
    expect(suspected(files(given.ordinary))).toEqual([]);
    expect(whole(given.ordinary)).toBeUndefined();
  });

  test('of which a sixth was encrypted and renamed is quarantined as a whole, with the figures', async () => {
    const folder = folderOf('renamed', attacked(6, cipher, '.x9lock'));
    const { report, code } = await scanJson([...OFF, folder]);
    expect(code).toBe(1);
    expect(report.summary).toMatchObject({ decision: 'quarantine', files: 120, folders: 1, quarantine: 1 });
    const last = report.results.at(-1);
    expect(last).toMatchObject({
      path: folder,
      size: null,
      sha256: null,
      content_type: { mime: 'inode/directory' },
    });
    expect(last?.findings).toMatchObject([{ kind: 'mass_encryption', rule: 'renamed-alike', weight: 120 }]);
    expect(last?.findings[0]?.detail).toContain('20 of 120 files (16.67 %) look encrypted');
    expect(last?.findings[0]?.detail).toContain('.x9lock');
  });

  test.each([
    ['whole', 'whole'],
    ['every other 4 KiB', 'parts'],
    ['the first 4 KiB', 'head'],
  ] as const)('of which a third was encrypted (%s) under the same names is quarantined', (_words, which) => {
    const result = whole(given[which]);
    expect(result?.decision).toBe('quarantine');
    expect(kinds(result ?? { findings: [] })).toEqual(['mass_encryption']);
  });

  test('with one encrypted file is not: a person looks at that file', () => {
    expect(whole(given.one)).toBeUndefined();
    expect(files(given.one)).toHaveLength(121);
    expect(suspected(files(given.one))).toEqual(['letter.docx']);
    expect(whole(`${given.one}/letter.docx`)?.decision).not.toBe('auto_approve');
  });
});

test('a container of which a third was encrypted is quarantined, and says where', () => {
  const result = whole(given.container);
  expect(result?.decision).toBe('quarantine');
  const mass = result?.findings.find(({ kind }) => kind === 'mass_encryption');
  expect(mass).toMatchObject({
    trail: ['nightly.tar.gz', 'nightly.tar'],
    evidence: { files: 120, suspected: 40 },
  });
});

test('eight bytes `Salted__` excuse nobody under the name of a document', () => {
  expect(suspected(results)).toContain('report.docx');
  expect(suspected(results)).not.toContain('report.tar.enc');
  expect(whole(given.vault)?.gaps.map(({ reason }) => reason)).toContain('encrypted');
});

test('a faked beginning excuses nobody: the decoder has to come to the end', () => {
  expect(suspected(results)).toEqual(expect.arrayContaining(['a.gz', 'b.gz']));
});

test('an archive behind a header of a kind of its own is opened, and not accused; noise there is', () => {
  expect(suspected(results)).not.toContain('in-order.pak');
  expect(suspected(results)).toContain('attacked.pak');
});

test('objects of a restic repository are opaque, and not accused', () => {
  const result = whole(given.restic);
  expect(kinds(result ?? { findings: [] })).not.toContain('encryption_suspected');
  expect(result?.gaps.map(({ reason }) => reason)).toContain('opaque');
});

function packed(options: string): Buffer {
  return execFileSync('xz', ['--format=raw', `--lzma1=${options}`, '-c'], { input: readFileSync('/bin/ls') });
}

describe('LZMA without a header', () => {
  const loader = readFileSync('/bin/ls').subarray(0x4000, 0x4000 + 3000);
  const plain = (): Buffer => Buffer.concat([loader, packed('lc=3,lp=0,pb=2')]);

  test('is known by being decoded, behind a loader and behind a few bytes', () => {
    expect(isBareLzma(plain())).toBe(true);
    expect(isBareLzma(Buffer.concat([loader, packed('lc=2,lp=0,pb=0')]))).toBe(true);
    expect(isBareLzma(Buffer.concat([cipher(Buffer.alloc(40), 'header'), packed('lc=3')]))).toBe(true);
    // As much as fits into what is looked at.
    expect(isBareLzma(plain().subarray(0, 30_000))).toBe(true);
  });

  test('is not, where a block or every other 16 bytes of it are encrypted', () => {
    expect(isBareLzma(everyOther(plain(), 4096, 'a'))).toBe(false);
    expect(isBareLzma(everyOther(plain(), 16, 'b'))).toBe(false);
    expect(isBareLzma(first(plain(), 4096, 'c'))).toBe(false);
    const middle = plain();
    cipher(middle.subarray(20_480, 24_576), 'd').copy(middle, 20_480);
    expect(isBareLzma(middle)).toBe(false);
  });

  test('noise is never taken for it, nor does anything take long', () => {
    for (let at = 0; at < 200; at++) {
      const noise = cipher(Buffer.alloc(20_000), `noise ${at}`);
      expect(isBareLzma(noise)).toBe(false);
      expect(isBareLzma(Buffer.concat([loader, noise]))).toBe(false);
      expect(isBareLzma(noise.subarray(0, at))).toBe(false);
    }
    expect(isBareLzma(Buffer.alloc(131_072))).toBe(false);
  });
});

test('entropy and chi-square are those of ent', () => {
  const samples = [
    words(100_000, 3),
    cipher(words(100_000, 3), 'e'),
    deflateRawSync(words(500_000, 3)),
    Buffer.alloc(999),
  ];
  for (const [index, bytes] of samples.entries()) {
    const path = join(work, `ent${index}`);
    writeFileSync(path, bytes);
    const [, , entropy = '', chi = ''] =
      execFileSync('ent', ['-t', path]).toString().trim().split('\n').at(-1)?.split(',') ?? [];
    const profiler = new Profiler();
    profiler.add(bytes);
    const { counts, bytes: total } = profiler.close();
    expect(shannon(counts, total)).toBeCloseTo(Number(entropy), 4);
    const ours = chiSquare(counts, total);
    expect(Math.abs(ours - Number(chi)) / Math.max(1, ours)).toBeLessThan(1e-5);
  }
});

function everyOther(bytes: Buffer, step: number, key: string): Buffer {
  const out = Buffer.from(bytes);
  const locked = cipher(bytes, key);
  for (let at = 0; at < out.length; at += 2 * step) locked.copy(out, at, at, at + step);
  return out;
}

function first(bytes: Buffer, length: number, key: string): Buffer {
  return Buffer.concat([cipher(bytes.subarray(0, length), key), bytes.subarray(length)]);
}
