import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { licencesOf, problemsWith } from '../tools/licences.ts';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');
const LOCK = await readFile(join(ROOT, 'package-lock.json'), 'utf8');
const PARTS = licencesOf(LOCK);

const Manifest = z.object({
  allowScripts: z.record(z.string(), z.boolean()),
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});
const MANIFEST = Manifest.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));

const Sbom = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({
    component: z.object({ name: z.literal('backuplens'), purl: z.string(), type: z.literal('application') }),
  }),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      hashes: z.array(z.object({ alg: z.string(), content: z.string().min(64) })).min(1),
      licenses: z.array(z.unknown()).min(1),
    }),
  ),
});

test('npm run sbom lists every package that running needs, from the lock file, with hash and licence', async () => {
  const { stdout } = await execute('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, maxBuffer: 2 ** 26 });
  const sbom = Sbom.parse(JSON.parse(stdout));
  expect(sbom.metadata.component.purl).toMatch(/^pkg:npm\/backuplens@/);
  const wanted = PARTS.filter(({ dev }) => !dev).map(({ name, version }) => `${name}@${version}`);
  const listed = sbom.components.map(({ name, version }) => `${name}@${version}`);
  const unrar = sbom.components.find(({ name }) => name === '7z-wasm')?.licenses;
  expect(JSON.stringify(unrar)).toContain('LGPL-2.1-or-later with unRAR restriction');
  expect([...new Set(listed)].toSorted()).toEqual(wanted.toSorted());
});

/** A lock file with nothing else in it. */
function sevenZip(license?: string): string {
  return JSON.stringify({ packages: { 'node_modules/7z-wasm': { version: '1.2.0', license } } });
}

describe('licences', () => {
  test('of all packages are ones that were agreed to', () => {
    expect(problemsWith(PARTS)).toEqual([]);
    expect(PARTS.length).toBeGreaterThan(50);
  });

  test.each([
    ['GPL-3.0-only', false],
    ['UNLICENSED', false],
    ['', false],
    ['SEE LICENSE IN LICENSE.md', false],
    ['MIT AND GPL-2.0-only', false],
    ['MPL-2.0', false],
    ['(MIT OR GPL-2.0-only)', true],
    ['Apache-2.0 AND MIT', true],
  ])('of a package that says %j: accepted is %s', (license, accepted) => {
    const lock = {
      packages: { '': {}, 'node_modules/a/node_modules/@x/new': { version: '1.0.0', license } },
    };
    const problems = problemsWith(licencesOf(JSON.stringify(lock)));
    expect(problems.map((problem) => problem.split(': ', 1)[0])).toEqual(accepted ? [] : ['@x/new 1.0.0']);
  });

  test('that are missing are a problem, and one that was read is none only while it says the same', () => {
    expect(problemsWith(licencesOf(sevenZip()))).toHaveLength(1);
    expect(problemsWith(licencesOf(sevenZip('proprietary')))).toHaveLength(1);
    expect(problemsWith(licencesOf(sevenZip('SEE LICENSE IN License.txt')))).toEqual([]);
  });

  test('of 7-Zip are those that its own file states', async () => {
    const text = await readFile(join(ROOT, 'node_modules/7z-wasm/License.txt'), 'utf8');
    expect(text).toContain('GNU LGPL + unRAR restriction');
    expect(await readFile(join(ROOT, 'docs/licences.md'), 'utf8')).toContain('unRAR restriction');
  });
});

describe('installing', () => {
  test('runs scripts of no package that is not named', () => {
    const withScript = PARTS.filter(({ installScript }) => installScript).map(({ name }) => name);
    expect(withScript.toSorted()).toEqual(Object.keys(MANIFEST.allowScripts).toSorted());
  });

  test('runs no script at all of what running needs', () => {
    expect(PARTS.filter(({ dev, installScript }) => !dev && installScript)).toEqual([]);
  });

  test('gets exactly the versions that are named', () => {
    const { dependencies, devDependencies, optionalDependencies } = MANIFEST;
    const ranges = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(ranges.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });
});
