import {
  ftruncateSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { zipBytes } from './kit/archives/zip-bytes.ts';
import { cli, ended, scanJson, startCli, type Report } from './kit/cli.ts';
import { MARKER } from './kit/marker.ts';
import { tarOf } from './kit/trees.ts';

// Ways in which something that nobody looked at, or something that was found, could end as approved.

const NO_CLAMD = ['--clamd', 'off'];
let folder: string;
let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'silences-'));
  folder = join(work, 'backup');
  mkdirSync(folder);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

async function scan(...args: string[]): Promise<Report> {
  return (await scanJson([...NO_CLAMD, ...args, folder])).report;
}

test('no name keeps a file from being scanned', async () => {
  for (const name of ['.backuplens-claim-1', '.backuplens-restore-1', '.git', '-', '--help']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'evil.sh'), MARKER);
  }
  const report = await scan();
  expect(report.summary).toMatchObject({ files: 5, quarantine: 5 });
});

test('a baseline for a hundred files with the same finding does not accept the next one', async () => {
  const archive = join(folder, 'many.tar.gz');
  const members = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`m${at}`, `${at} ${MARKER}`]));
  writeFileSync(archive, gzipSync(await tarOf(members)));
  const baseline = join(work, 'baseline.json');
  await cli(['scan', ...NO_CLAMD, '--write-baseline', baseline, folder]);
  writeFileSync(baseline, readFileSync(baseline, 'utf8').replaceAll('"why":""', '"why":"judged"'));
  writeFileSync(archive, gzipSync(await tarOf({ ...members, new: `never judged ${MARKER}` })));
  expect((await scan('--baseline', baseline)).summary.decision).toBe('quarantine');
});

test('thousands of harmless findings do not hide one that quarantines', async () => {
  const extensions = ['jpg', 'png', 'pdf', 'docx', 'gif', 'zip', 'mp3', 'sqlite', 'exe', 'gz'];
  const members: Record<string, string> = {};
  for (let at = 0; at < 22_000; at++) members[`m${at}.${extensions[at % 10]}`] = `plain text ${at}\n`;
  members['last.txt'] = MARKER;
  writeFileSync(join(folder, 'many.tar.gz'), gzipSync(await tarOf(members)));
  const [result] = (await scan()).results;
  expect(result?.decision).toBe('quarantine');
  expect(result?.findings.map(({ trail }) => trail.at(-1))).toContain('last.txt');
});

test('what a deadline cuts off is a gap, and what was found before it stands', async () => {
  const tar = join(folder, 'large.tar');
  const descriptor = openSync(tar, 'w');
  const head = await tarOf({ 'first.txt': MARKER });
  writeSync(descriptor, head.subarray(0, 1024));
  ftruncateSync(descriptor, 3 * 2 ** 30);
  closeSync(descriptor);
  const [result] = (await scan('--max-scan-ms', '700')).results;
  expect(result?.gaps.map(({ reason }) => reason)).toContain('timed_out');
  expect(result?.decision).not.toBe('auto_approve');
});

test('what an archive calls a link is examined as well', async () => {
  const entry = { name: 'link', data: Buffer.from(`#!/bin/sh\n${MARKER}\n`), mode: 0o120777 };
  writeFileSync(join(folder, 'links.zip'), zipBytes([entry]));
  const [result] = (await scan()).results;
  expect(result?.decision).toBe('quarantine');
});

test('a file called - in a list of paths is that file, not standard input', async () => {
  writeFileSync(join(folder, '-'), MARKER);
  const { code } = await scanJson([...NO_CLAMD, '--files-from', '-'], {
    cwd: folder,
    stdin: Buffer.from('-\n'),
  });
  expect(code).toBe(1);
  expect((await cli(['scan', ...NO_CLAMD, '-', '-'])).code).toBe(2);
});

test('an empty standard input is no approved backup', async () => {
  const { code, report } = await scanJson([...NO_CLAMD, '-'], { stdin: Buffer.alloc(0) });
  expect([code, report.results[0]?.decision]).toEqual([3, 'manual_review']);
  expect(report.results[0]?.gaps.at(-1)?.detail).toBe('not one byte came through standard input');
});

test('a run that could not look at a path does not end as approved', async () => {
  const { code, report } = await scanJson([...NO_CLAMD, join(work, 'none')]);
  expect([code, report.summary.decision]).toEqual([2, 'manual_review']);
});

test('Ctrl-C ends a run that still waits for its list of paths', async () => {
  writeFileSync(join(folder, 'a.txt'), 'x');
  const child = startCli(['scan', ...NO_CLAMD, '--format', 'ndjson', '--files-from', '-']);
  const end = ended(child);
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(`${join(folder, 'a.txt')}\n`);
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  child.kill('SIGINT');
  const { code, stdout } = await end;
  expect(code).toBe(130);
  expect(stdout.trim().split('\n')).toHaveLength(2);
});
