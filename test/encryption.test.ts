// needs: ent xz-utils
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shannon } from '../src/analyze/entropy/index.ts';
import { chiSquare } from '../src/analyze/entropy/profile/chi-square.ts';
import { Profiler } from '../src/analyze/entropy/profile/profile.ts';
import { scanJson } from './kit/cli.ts';
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
function ordinary(): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const program = execFileSync('cat', ['/bin/ls']);
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
    [...ordinary()].map(([path, bytes], index) =>
      index % every === 0 ? [path + ending, how(bytes, path)] : [path, bytes],
    ),
  );
}

const kinds = (result: { findings: readonly { kind: string }[] }): string[] =>
  result.findings.map(({ kind }) => kind);

describe('a folder', () => {
  test('in order raises no suspicion, compressed files included', async () => {
    const { report } = await scanJson([...OFF, folderOf('ordinary', ordinary())]);
    expect(report.summary.files).toBe(120);
    expect(report.results.filter((result) => kinds(result).includes('encryption_suspected'))).toEqual([]);
    expect(report.summary.folders).toBeUndefined();
  });

  test('of which a sixth was encrypted and renamed is quarantined as a whole, with the figures', async () => {
    const folder = folderOf('renamed', attacked(6, cipher, '.x9lock'));
    const { report, code } = await scanJson([...OFF, folder]);
    expect(code).toBe(1);
    expect(report.summary).toMatchObject({ decision: 'quarantine', files: 120, folders: 1, quarantine: 1 });
    const whole = report.results.at(-1);
    expect(whole).toMatchObject({
      path: folder,
      size: null,
      sha256: null,
      content_type: { mime: 'inode/directory' },
    });
    expect(whole?.findings).toMatchObject([{ kind: 'mass_encryption', rule: 'renamed-alike', weight: 120 }]);
    expect(whole?.findings[0]?.detail).toContain('20 of 120 files (16.67 %) look encrypted');
    expect(whole?.findings[0]?.detail).toContain('.x9lock');
  });

  test.each([
    ['whole', cipher],
    ['every other 4 KiB', (bytes: Buffer, key: string): Buffer => everyOther(bytes, 4096, key)],
    ['the first 4 KiB', (bytes: Buffer, key: string): Buffer => first(bytes, 4096, key)],
  ])('of which a third was encrypted (%s) under the same names is quarantined', async (name, how) => {
    const { report } = await scanJson([...OFF, folderOf(`third ${name}`, attacked(3, how))]);
    expect(report.summary.decision).toBe('quarantine');
    expect(kinds(report.results.at(-1) ?? { findings: [] })).toEqual(['mass_encryption']);
  });

  test('with one encrypted file is not: a person looks at that file', async () => {
    const files = ordinary();
    files.set('letter.docx', cipher(words(30_000, 3), 'one'));
    const { report } = await scanJson([...OFF, folderOf('one', files)]);
    expect(report.summary.folders).toBeUndefined();
    const suspected = report.results.filter((result) => kinds(result).includes('encryption_suspected'));
    expect(suspected.map(({ path }) => path.split('/').at(-1))).toEqual(['letter.docx']);
    expect(suspected[0]?.decision).not.toBe('auto_approve');
  });
});

test('a container of which a third was encrypted is quarantined, and says where', async () => {
  const tar = gzipSync(await tarOf(Object.fromEntries(attacked(3, cipher))));
  writeFileSync(join(work, 'nightly.tar.gz'), tar);
  const { report } = await scanJson([...OFF, join(work, 'nightly.tar.gz')]);
  const [result] = report.results;
  expect(result?.decision).toBe('quarantine');
  const mass = result?.findings.find(({ kind }) => kind === 'mass_encryption');
  expect(mass).toMatchObject({
    trail: ['nightly.tar.gz', 'nightly.tar'],
    evidence: { files: 120, suspected: 40 },
  });
});

test('eight bytes `Salted__` excuse nobody under the name of a document', async () => {
  const salted = Buffer.concat([Buffer.from('Salted__'), cipher(words(30_000, 3), 'salt')]);
  writeFileSync(join(work, 'report.docx'), salted);
  writeFileSync(join(work, 'report.tar.enc'), salted);
  const { report } = await scanJson([...OFF, join(work, 'report.docx'), join(work, 'report.tar.enc')]);
  expect(kinds(report.results[0] ?? { findings: [] })).toContain('encryption_suspected');
  expect(kinds(report.results[1] ?? { findings: [] })).not.toContain('encryption_suspected');
  expect(report.results[1]?.gaps.map(({ reason }) => reason)).toContain('encrypted');
});

test('a faked beginning excuses nobody: the decoder has to come to the end', async () => {
  const faked = Buffer.concat([Buffer.from('1f8b0800000000000003', 'hex'), cipher(words(60_000, 3), 'fake')]);
  const small = Buffer.concat([gzipSync('hello'), cipher(words(60_000, 3), 'behind')]);
  writeFileSync(join(work, 'a.gz'), faked);
  writeFileSync(join(work, 'b.gz'), small);
  const { report } = await scanJson([...OFF, join(work, 'a.gz'), join(work, 'b.gz')]);
  const suspected = report.results.filter((result) => kinds(result).includes('encryption_suspected'));
  expect(suspected.map(({ path }) => path.split('/').at(-1))).toEqual(['a.gz', 'b.gz']);
});

test('objects of a restic repository are opaque, and not accused', async () => {
  const object = cipher(words(50_000, 3), 'restic');
  const name = createHash('sha256').update(object).digest('hex');
  writeFileSync(join(work, name), object);
  const { report } = await scanJson([...OFF, join(work, name)]);
  expect(kinds(report.results[0] ?? { findings: [] })).not.toContain('encryption_suspected');
  expect(report.results[0]?.gaps.map(({ reason }) => reason)).toContain('opaque');
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
