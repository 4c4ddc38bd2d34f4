// needs: clamav-daemon, zip
// What clamd does not see in a container is no gap where each of its members was handed to it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { zipBytes, type ZipEntry } from './kit/archives/zip-bytes.ts';
import { type RealClamd, startClamd } from './kit/clamd/real.ts';
import { scanJson, type Result } from './kit/cli.ts';

const MARKER = 'backuplens test marker, one of a kind';

let clamd: RealClamd;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backuplens-members-'));
  clamd = await startClamd({
    signatures: [
      { name: 'BackupLens.Marker', text: MARKER },
      { name: 'Eicar', text: eicarTestString().toString() },
    ],
    settings: { MaxFiles: 3, AlertExceedsMax: true, AlertEncrypted: true },
  });
  const names = Array.from({ length: 10 }, (_, n) => `${n}.txt`);
  for (const name of names) await writeFile(join(folder, name), `the text number ${name}\n`.repeat(20));
  await writeFile(join(folder, 'last.txt'), `plain\n${MARKER}\n`);
  const zip = (...args: string[]) => promisify(execFile)('zip', ['-q', ...args], { cwd: folder });
  await zip('many.zip', ...names);
  await zip('many-infected.zip', ...names, 'last.txt');
  await zip('many-locked.zip', ...names);
  await zip('-P', 'nobody knows it', 'many-locked.zip', 'last.txt');
  await zip('-P', 'infected', 'known-password.zip', '1.txt');
  await zip('-P', 'infected', 'known-password-infected.zip', 'last.txt');
});
afterAll(async () => {
  await clamd?.stop();
  await rm(folder, { recursive: true, force: true });
});

const INFECTED = Buffer.from(`plain\n${MARKER}\n`);

function deflated(name: string, content: Buffer, more: Partial<ZipEntry> = {}): ZipEntry {
  const data = deflateRawSync(content);
  return { name, data, method: 8, size: content.length, crc: crc32(content), ...more };
}

/** Where the infected member is, and what of the trail leads to it. */
const OUT_OF_SIGHT: Record<string, { readonly bytes: Buffer; readonly member: string }> = {
  'a second stream of a gz': {
    bytes: Buffer.concat([gzipSync('first'), gzipSync(INFECTED)]),
    member: 'container',
  },
  'a local entry that the directory does not list': {
    bytes: zipBytes([deflated('a', Buffer.from('plain')), deflated('b', INFECTED, { listed: false })]),
    member: 'b',
  },
  'a member whose headers say that it is empty': {
    bytes: zipBytes([deflated('a', INFECTED, { size: 0 })]),
    member: 'a',
  },
  'the first of two zips that were joined': {
    bytes: Buffer.concat([
      zipBytes([deflated('a', INFECTED)]),
      zipBytes([deflated('b', Buffer.from('plain'))]),
    ]),
    member: 'a',
  },
};

async function scanned(name: string): Promise<Result> {
  const { report } = await scanJson([
    '--clamd',
    `unix:${clamd.unix.path}`,
    '--yara',
    'off',
    join(folder, name),
  ]);
  const [result] = report.results;
  if (result === undefined) throw new Error('there is no result');
  return result;
}

// ATTACKS A16: that clamd could have reached it by itself is not counted on.
test.each(Object.keys(OUT_OF_SIGHT))('clamd is handed what is in %s', async (what) => {
  const { bytes, member } = OUT_OF_SIGHT[what] ?? { bytes: Buffer.alloc(0), member: '' };
  await writeFile(join(folder, 'container'), bytes);
  const { findings, decision } = await scanned('container');
  const trails = findings
    .filter(({ kind }) => kind === 'clamav_infected')
    .map(({ trail }) => trail.slice(1).join('/'));
  expect(trails.some((trail) => trail.includes(member) && trail !== '')).toBe(true);
  expect(decision).toBe('quarantine');
});

const gapsOf = ({ gaps }: Result) =>
  gaps.filter(({ by }) => by === 'clamav').map(({ reason, trail }) => [reason, ...trail.slice(1)]);
const alertOf = ({ measurements }: Result) => measurements.find(({ name }) => name === 'clamav_alert')?.value;

test('more members than clamd looks at are no gap: each was handed to it, and one is found', async () => {
  const clean = await scanned('many.zip');
  expect(alertOf(clean)).toBe('Heuristics.Limits.Exceeded.MaxFiles');
  expect(gapsOf(clean)).toEqual([]);
  expect(clean.decision).toBe('auto_approve');
  const infected = await scanned('many-infected.zip');
  expect(infected.decision).toBe('quarantine');
  expect(infected.findings.map(({ kind, trail }) => [kind, ...trail.slice(1)])).toContainEqual([
    'clamav_infected',
    'last.txt',
  ]);
});

test('where one of the members could not be handed to it, both that and its limit are gaps', async () => {
  const locked = await scanned('many-locked.zip');
  expect(gapsOf(locked)).toHaveLength(1);
  expect(locked.gaps.map(({ by, reason }) => `${by} ${reason}`)).toContain('zip encrypted');
  expect(locked.decision).toBe('manual_review');
});

test('what is locked for clamd and was opened with a password of ours is no gap, and is found', async () => {
  const clean = await scanned('known-password.zip');
  expect(alertOf(clean)).toMatch(/^Heuristics\.Encrypted/);
  expect(gapsOf(clean)).toEqual([]);
  const infected = await scanned('known-password-infected.zip');
  expect(infected.findings.map(({ kind, trail }) => [kind, ...trail.slice(1)])).toContainEqual([
    'clamav_infected',
    'last.txt',
  ]);
});
