import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measure } from '../../bench/measure.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/entropy-map');
const MIB = 2 ** 20;
const GIB = 2 ** 30;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'entropy-map-long-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Peak memory in MiB, of a run that ended well. */
async function peak(path: string): Promise<number> {
  const { pss, code } = await measure([PROGRAM, '--json', path], null, true);
  expect(code).toBe(0);
  return pss;
}

test('20 GiB take no more memory than 20 MiB', async () => {
  const [small, large] = [join(folder, 'small'), join(folder, 'large')];
  for (const [path, size] of [
    [small, 20 * MIB],
    [large, 20 * GIB],
  ] as const) {
    writeFileSync(path, '');
    truncateSync(path, size);
  }
  // The million samples that are kept are 8 MB; the rest is the collector's leisure.
  expect(await peak(large)).toBeLessThan((await peak(small)) + 64);
});

test('a line of 1 GB is one sample, in no more memory than a line of 1 MB', async () => {
  const [small, large] = [join(folder, 'line'), join(folder, 'long-line')];
  const piece = Buffer.from('abcd'.repeat(MIB / 4));
  writeFileSync(small, piece);
  const descriptor = openSync(large, 'w');
  for (let at = 0; at < 1024; at++) writeSync(descriptor, piece);
  closeSync(descriptor);
  expect(await peak(large)).toBeLessThan((await peak(small)) + 64);
  const map: unknown = JSON.parse(execFileSync(PROGRAM, ['--json', large], { encoding: 'utf8' }));
  expect(map).toMatchObject({
    file_type: 'text',
    statistics: { samples: 1, min: 2, max: 2, median: 2, mean: 2 },
  });
});
