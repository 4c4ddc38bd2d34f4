// needs: clamav-daemon
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallFiles, sparseFile } from '../../bench/corpus.ts';
import { measure } from '../../bench/measure.ts';
import { startClamd, type RealClamd } from '../kit/clamd/real.ts';

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

/** Peak of the memory of all our processes together, in MiB: pages that they share are counted once. */
async function peak(files: string): Promise<number> {
  const { pss, code } = await measure(
    [PROGRAM, 'scan', '--clamd', `unix:${clamd.unix.path}`, files],
    null,
    true,
  );
  expect([0, 3]).toContain(code);
  return pss;
}

test('ten thousand small files and one of 2 GiB with a hole in it stay under 600 MiB, all processes together', async () => {
  const files = join(folder, 'many');
  mkdirSync(files);
  smallFiles(files, 10_000, 7);
  sparseFile(join(files, 'sparse.img'), 2 * 1024 * MIB);
  expect(await peak(files)).toBeLessThan(600);
});

test('memory does not grow with the number of files', async () => {
  const [few, many] = [join(folder, 'few'), join(folder, 'more')];
  for (const files of [few, many]) mkdirSync(files);
  smallFiles(few, 2000, 7);
  smallFiles(many, 20_000, 7);
  expect(await peak(many)).toBeLessThan((await peak(few)) + 80);
});
