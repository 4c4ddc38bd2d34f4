// needs: debian-package 7zip zip
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tarBytes } from './kit/archives/tar-bytes.ts';
import { tool } from './kit/archives/tool.ts';
import { cli, scanJson, type Result } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';

// Archives in several files: what is given together is opened as one, and is one thing to be decided of.

const NO_CLAMD = ['--clamd', 'off'];
let work: string;
let folder: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'volumes-'));
  folder = join(work, 'backup');
  mkdirSync(folder);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Bytes that nothing compresses, the same in every run. */
function noise(size: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, i) =>
    createHash('sha256').update(`${seed}${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}

/** Bytes that hardly compress either, and look encrypted to nobody: six bits of each. */
function filler(size: number, seed: string): Buffer {
  return Buffer.from(noise(size, seed).map((byte) => byte & 0x3f));
}

const MEMBERS = ['a.bin', 'marker.txt', 'z.bin'];

/** An archive in parts in a folder of its own, made by a program: noise, the marker (or another text), noise. */
function archive(name: string, program: string, args: readonly string[], text = MARKER): string[] {
  const files = {
    'a.bin': filler(130_000, 'a'),
    'marker.txt': Buffer.from(`one ${text} ${'and more '.repeat(300)}`),
    'z.bin': filler(65_000, 'z'),
  };
  const place = mkdtempSync(join(work, 'make-'));
  for (const [member, bytes] of Object.entries(files)) writeFileSync(join(place, member), bytes);
  tool(place, program, [...args, ...MEMBERS]);
  const parts = readdirSync(place).filter((part) => part.startsWith('x.'));
  mkdirSync(join(folder, name), { recursive: true });
  for (const part of parts) renameSync(join(place, part), join(folder, name, part));
  return parts.map((part) => `${name}/${part}`);
}

const SEVEN = ['a', '-v70k', 'x.7z'];

async function scan(...args: string[]): Promise<Result[]> {
  return (await scanJson([...NO_CLAMD, ...(args.length === 0 ? [folder] : args)])).report.results;
}

function placeOf({ path }: Result): string {
  return path.slice(folder.length + 1);
}

function outline(results: readonly Result[]): string[] {
  return results.map((result) => `${placeOf(result)} ${result.decision}`).toSorted();
}

function gapsOf(results: readonly Result[]): string[] {
  return results.flatMap((result) =>
    result.gaps
      .filter(({ reason }) => reason !== 'engine_off')
      .map(({ reason, detail }) => `${placeOf(result)} ${reason}: ${detail}`),
  );
}

test('what is in an archive in parts is found, and holds for every part', async () => {
  const sets = [
    archive('7z', '7zz', SEVEN),
    archive('zip', '7zz', ['a', '-v70k', 'x.zip']),
    archive('tar', '7zz', ['a', '-v70k', 'x.tar']),
    archive('info-zip', 'zip', ['-q', '-s', '70k', 'x.zip']),
  ];
  expect(sets.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
  const results = await scan();
  expect(gapsOf(results)).toEqual([]);
  expect(outline(results)).toEqual(
    sets
      .flat()
      .map((part) => `${part} quarantine`)
      .toSorted(),
  );
  for (const [first = ''] of sets) {
    const found = results.find((result) => placeOf(result) === first);
    const trails = found?.findings.map(({ trail }) => trail.slice(1));
    expect(trails).toContainEqual(['(joined: 3 parts)', 'marker.txt']);
  }
  // The tar is not compressed: there the marker is also seen in the part that holds it.
  const others = results.filter(({ findings }) => findings.length === 0);
  expect(others).toHaveLength(7);
  expect(others.every(({ reasons }) => reasons.join().includes('one archive together with x.'))).toBe(true);
});

test('a harmless archive in parts is approved; what split(1) made is joined; what only is called so is not', async () => {
  const harmless = archive('harmless', '7zz', SEVEN, 'nothing');
  const whole = join(folder, 'whole');
  const entries = [
    { name: 'a', content: noise(100_000, 'a') },
    { name: 'b', content: MARKER },
  ];
  writeFileSync(whole, gzipSync(tarBytes(entries)));
  execFileSync('split', ['-b', '40000', 'whole', 'x.tgz.'], { cwd: folder });
  execFileSync('split', ['-b', '40000', '-a', '3', '--numeric-suffixes=1', 'whole', 'counted.'], {
    cwd: folder,
  });
  rmSync(whole);
  const plain = { 'log.001': 'buy milk\n', 'log.002': 'buy eggs\n', 'read.me': 'me' };
  for (const [name, text] of Object.entries(plain)) writeFileSync(join(folder, name), text);
  const results = await scan();
  expect(gapsOf(results)).toEqual([]);
  const split = ['counted.001', 'counted.002', 'counted.003', 'x.tgz.aa', 'x.tgz.ab', 'x.tgz.ac'];
  // The parts are looked into, as a whole.
  const middle = results.find((result) => placeOf(result) === harmless[1]);
  expect(middle?.content_type.description).toBe('Part of a split archive');
  expect(middle?.coverage.raw_only).toBeUndefined();
  expect(outline(results)).toEqual(
    [
      ...[...harmless, ...Object.keys(plain)].map((name) => `${name} auto_approve`),
      ...split.map((name) => `${name} quarantine`),
    ].toSorted(),
  );
  expect(results.find(({ path }) => path.endsWith('log.001'))?.coverage.artifacts).toBe(1);
});

test('parts that are given one by one are joined too', async () => {
  const parts = archive('given', '7zz', SEVEN);
  const results = await scan(...parts.map((part) => join(folder, part)));
  expect(outline(results)).toEqual(parts.map((part) => `${part} quarantine`));
});

test('what is missing, damaged or alone is a gap that says so, and nothing of it is approved', async () => {
  const [, middle = ''] = archive('missing', '7zz', SEVEN, 'nothing');
  rmSync(join(folder, middle));
  const [, second = ''] = archive('damaged', '7zz', SEVEN, 'nothing');
  const bytes = readFileSync(join(folder, second));
  writeFileSync(join(folder, second), bytes.fill(0, 1000, 2000));
  const [, , last = ''] = archive('cut', '7zz', SEVEN, 'nothing');
  rmSync(join(folder, last));
  const alone = {
    'a.7z.002': 'missing: 1',
    'b.z01': 'missing: the last (.zip)',
    'c.part2.rar': 'missing: 1',
    'd.tar.gz.003': 'missing: 1, 2',
  };
  for (const name of Object.keys(alone)) writeFileSync(join(folder, name), noise(1000, name));
  const members = ['in/x.7z.002', 'x.z01', 'x.zip.003', 'x.part2.rar'];
  const tar = tarBytes([...members, 'x.001', 'y.js'].map((name) => ({ name, content: noise(300, name) })));
  writeFileSync(join(folder, 'e.tar'), tar);

  const results = await scan();
  const said = gapsOf(results).join('\n');
  for (const [name, words] of Object.entries(alone)) expect(said).toMatch(lineOf(name, words));
  expect(said).toMatch(lineOf('missing/x.7z.001', 'missing: 2'));
  expect(said).toMatch(lineOf('missing/x.7z.003', 'missing: 2'));
  expect(said).toMatch(lineOf('damaged/x.7z.001', 'corrupt'));
  expect(said).toMatch(lineOf('cut/x.7z.001', 'corrupt'));
  const inside = results.flatMap(({ gaps }) =>
    gaps.filter(({ by, trail }) => by === 'parts' && trail.length > 1),
  );
  expect(inside.map(({ trail }) => trail.at(-1))).toEqual(members);
  expect(results.filter(({ decision }) => decision !== 'manual_review')).toEqual([]);
});

function lineOf(name: string, words: string): RegExp {
  const literal = [name, words].map((text) => text.replaceAll(/[.()]/g, String.raw`\$&`));
  return new RegExp(`^${literal.join('.*')}`, 'm');
}

test('with --apply the parts stay together where they are, whatever is decided of them, and are not approved', async () => {
  const parts = archive('apply', '7zz', SEVEN);
  writeFileSync(join(folder, 'apply', 'x.7z.001.txt'), 'buy milk\n');
  const env = {
    QUARANTINE_DIR: join(work, 'quarantine'),
    REVIEW_DIR: join(work, 'review'),
    DATA_DIR: join(work, 'data'),
  };
  const { report } = await scanJson([...NO_CLAMD, '--apply', folder], { env });
  const left = report.results.filter(({ disposition }) => disposition?.detail?.includes('stays as a whole'));
  expect(left.map(placeOf)).toEqual(parts);
  expect(left.map(({ decision }) => decision)).toEqual(parts.map(() => 'quarantine'));
  expect(readdirSync(join(folder, 'apply'))).toHaveLength(4);
  const gate = await cli(['gate', join(folder, 'apply', 'x.7z.003')], { env });
  expect(gate).toMatchObject({ code: 1, stdout: expect.stringContaining('x.7z.001 (volumes)') });
});
