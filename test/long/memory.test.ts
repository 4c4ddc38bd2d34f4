// needs: clamav-daemon
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallFiles, sparseFile } from '../../bench/corpus.ts';
import { measure } from '../../bench/measure.ts';
import { zipBytes } from '../kit/archives/zip-bytes.ts';
import { startClamd, type RealClamd } from '../kit/clamd/real.ts';
import type { Report } from '../kit/cli.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/backuplens');
const MIB = 2 ** 20;

let folder: string;
let clamd: RealClamd;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memory-'));
  const signatures = [{ name: 'Nowhere', text: ['NOWHERE', 'TO', 'BE', 'FOUND'].join('-') }];
  const limits = { MaxFileSize: '2000M', MaxScanSize: '2000M', StreamMaxLength: '2000M' };
  clamd = await startClamd({ signatures, settings: limits });
});
afterAll(async () => {
  await clamd.stop();
  rmSync(folder, { recursive: true });
});

interface Peak {
  /** MiB; pages that processes share are counted once. */
  readonly pss: number;
  readonly code: number | null;
}

/** Peak of the memory of all our processes together. */
async function peak(files: string, ...options: string[]): Promise<Peak> {
  const clamav = ['--clamd', `unix:${clamd.unix.path}`];
  return measure([PROGRAM, 'scan', ...clamav, ...options, files], null, true);
}

test('ten thousand small files and one of 2 GiB with a hole in it stay under 600 MiB, all processes together', async () => {
  const files = join(folder, 'many');
  mkdirSync(files);
  smallFiles(files, 10_000, 7);
  sparseFile(join(files, 'sparse.img'), 2 * 1024 * MIB);
  expect((await peak(files)).pss).toBeLessThan(600);
});

test('a zip of 10 MB that holds 10 GB is quarantined as a bomb, in bounded memory', async () => {
  const data = deflateRawSync(Buffer.alloc(1024 * MIB), { level: 9 });
  // CRC-32 of 1 GiB of zeros.
  const member = { data, method: 8, size: 1024 * MIB, crc: 0x5b64c2b0 };
  const bomb = join(folder, 'bomb.zip');
  writeFileSync(bomb, zipBytes(Array.from({ length: 10 }, (_, at) => ({ ...member, name: `zeros${at}` }))));
  const output = join(folder, 'report.json');
  const { pss, code } = await peak(bomb, '--clamd', 'off', '--format', 'json', '--output', output);
  expect(code).toBe(1);
  expect(pss).toBeLessThan(600);
  const report: Report = JSON.parse(readFileSync(output, 'utf8'));
  expect(report.results[0]?.findings.map(({ kind, rule }) => `${kind} ${rule}`)).toEqual([
    'unsafe_archive bomb',
  ]);
  expect(report.results[0]?.gaps.map(({ reason }) => reason)).toContain('budget_exceeded');
});

// Up to 20,000 files the heaps warm up (measured: 72 MiB of the program itself after 2,000, 170 after 30,000, 188 after 100,000).
test('memory does not grow with the number of files', async () => {
  const [few, many] = [join(folder, 'few'), join(folder, 'more')];
  for (const files of [few, many]) mkdirSync(files);
  smallFiles(few, 20_000, 7);
  smallFiles(many, 60_000, 8);
  const fresh = (name: string): string[] => ['--workers', '2', '--cache', join(folder, `${name}.sqlite`)];
  expect((await peak(many, ...fresh('many'))).pss).toBeLessThan((await peak(few, ...fresh('few'))).pss + 80);
});
