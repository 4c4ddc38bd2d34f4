// needs: zip
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scanJson } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';
import { tarOf } from './kit/trees.ts';
import { chunk, HOSTS, PNG } from './kit/archives/hosts.ts';
import { tool } from './kit/archives/tool.ts';

// What is two things at once, or hides behind the end of something harmless.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyglot-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Where the marker was found in each file, by name: trails below the file. */
async function found(files: Readonly<Record<string, Buffer>>): Promise<Record<string, string[]>> {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const { report } = await scanJson(['--clamd', 'off', folder]);
  return Object.fromEntries(
    report.results.map(({ path, findings }) => {
      const hits = findings.filter(({ kind }) => kind === 'yara_match');
      return [basename(path), hits.map(({ trail }) => trail.slice(1).join(' › '))];
    }),
  );
}

test('an archive behind the end of a picture, film or program is opened', async () => {
  const archive = gzipSync(await tarOf({ 'x.txt': `x ${MARKER}` }));
  const files = Object.fromEntries(
    Object.entries(HOSTS).map(([name, host]) => [name, Buffer.concat([host, archive])]),
  );
  files['jpeg'] = Buffer.concat([HOSTS.jpeg, HOSTS.jpeg, archive]);
  files['program'] = Buffer.concat([readFileSync('/usr/bin/true'), archive]);
  const trails = await found(files);
  const reached = Object.keys(files).map((name) => [
    name,
    trails[name]?.includes('(data after the end) › (data after the end) › x.txt'),
  ]);
  expect(reached).toEqual(Object.keys(files).map((name) => [name, true]));
});

test('a picture larger than what is held in memory, within a tar, is opened as it streams past', async () => {
  const archive = gzipSync(await tarOf({ 'x.txt': `x ${MARKER}` }));
  const large = Buffer.concat([PNG.subarray(0, -12), chunk('tEXt', Buffer.alloc(3_000_000, 'a'))]);
  const picture = Buffer.concat([large, chunk('IEND', Buffer.alloc(0)), archive]);
  const trails = await found({ 'a.tar': await tarOf({ 'picture.png': picture }) });
  expect(trails['a.tar']).toContain('picture.png › (data after the end) › (data after the end) › x.txt');
});

test('a picture with nothing behind it has no members and no gaps', async () => {
  writeFileSync(join(folder, 'plain.png'), PNG);
  const { report } = await scanJson(['--clamd', 'off', join(folder, 'plain.png')]);
  const [result] = report.results;
  expect(result?.coverage.artifacts).toBe(1);
  expect(result?.gaps.filter(({ by }) => by !== 'clamav')).toEqual([]);
});

test('a tar that is a zip as well is opened both ways', async () => {
  writeFileSync(join(folder, 'x.txt'), `x ${MARKER}`);
  tool(folder, 'zip', ['-q', 'a.zip', 'x.txt']);
  const tar = await tarOf({ 'a.txt': 'nothing' });
  const trails = await found({ both: Buffer.concat([tar, readFileSync(join(folder, 'a.zip'))]) });
  expect(trails['both']).toContain('x.txt');
});

test('a program or picture whose headers claim more than there is, or nothing at all, is never silent about what is behind it', async () => {
  const archive = gzipSync(await tarOf({ 'x.txt': `x ${MARKER}` }));
  const elf = Buffer.from(HOSTS.elf);
  elf.writeBigUInt64LE(1n << 50n, 40);
  elf.writeUInt16LE(64, 58);
  elf.writeUInt16LE(9, 60);
  const blank = Buffer.concat([HOSTS.elf.subarray(0, 16), Buffer.alloc(200)]);
  const png = Buffer.concat([PNG.subarray(0, -12), Buffer.from([0x7f, 0, 0, 0]), Buffer.from('IDAT')]);
  const files = { elf, blank, png };
  for (const [name, host] of Object.entries(files))
    writeFileSync(join(folder, name), Buffer.concat([host, archive]));
  const { report } = await scanJson(['--clamd', 'off', folder]);
  expect(
    report.results.map(({ path, gaps }) => [basename(path), gaps.some(({ reason }) => reason === 'corrupt')]),
  ).toEqual([
    ['blank', true],
    ['elf', true],
    ['png', true],
  ]);
});

test('a tar whose last member is a zip is no zip', async () => {
  writeFileSync(join(folder, 'x.txt'), 'nothing');
  tool(folder, 'zip', ['-q', 'a.zip', 'x.txt']);
  writeFileSync(join(folder, 'a.tar'), await tarOf({ 'a.zip': readFileSync(join(folder, 'a.zip')) }));
  const { report } = await scanJson(['--clamd', 'off', join(folder, 'a.tar')]);
  expect(report.results[0]?.gaps.filter(({ by }) => by !== 'clamav')).toEqual([]);
  expect(report.results[0]?.coverage.artifacts).toBe(3);
});
