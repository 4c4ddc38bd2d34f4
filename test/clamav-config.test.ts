// needs: clamav-daemon, zip
// What config/clamav/ recommends: the installed clamd takes it, and BackupLens sees all of a file with it.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clamavAnalyzer, eicarTestString } from '../src/analyze/clamav/index.ts';
import { type RealClamd, startClamd } from './kit/clamd/real.ts';
import { noise, streamThrough } from './kit/clamd/stream-through.ts';

const MIB = 1024 * 1024;
const FOLDER = join(import.meta.dirname, '../config/clamav');
const FILES = ['clamd.conf', 'freshclam.conf'] as const;
/** What belongs to one machine; everything else is taken as it stands. */
const OF_THE_MACHINE = [
  'LocalSocket',
  'TCPSocket',
  'TCPAddr',
  'DatabaseDirectory',
  'TemporaryDirectory',
  'User',
];

async function settingsOf(name: string): Promise<[string, string][]> {
  const text = await readFile(join(FOLDER, name), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, string] => {
      const [key = '', ...value] = line.split(' ');
      return [key, value.join(' ')];
    });
}

test.each(FILES)('every line of %s has its reason above it', async (name) => {
  const blocks = (await readFile(join(FOLDER, name), 'utf8')).split('\n\n');
  expect(blocks.length).toBeGreaterThan(5);
  const withoutReason = blocks.filter((block) => !block.trimStart().startsWith('#'));
  expect(withoutReason).toEqual([]);
});

test.each(FILES)('the installed ClamAV knows every setting of %s', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'backuplens-conf-'));
  try {
    // clamconf reads all three; the ones that are not there are named and left out.
    const own = join(folder, name);
    await mkdir(join(folder, 'db'));
    const text = await readFile(join(FOLDER, name), 'utf8');
    await writeFile(own, text.replace('/var/lib/clamav', join(folder, 'db')));
    const { stdout, stderr } = await promisify(execFile)('clamconf', ['-c', folder], { timeout: 30_000 });
    const said = stdout + stderr;
    expect(said).not.toMatch(/unknown option|ERROR: Parse|is not supported|requires/i);
    for (const [key, value] of await settingsOf(name)) {
      if (key === 'DatabaseDirectory' || key === 'TCPSocket' || key === 'TCPAddr') continue;
      expect(said).toMatch(new RegExp(`^${key} `, 'm'));
      expect(value).not.toBe('');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

let clamd: RealClamd;
beforeAll(async () => {
  const settings = Object.fromEntries(
    (await settingsOf('clamd.conf')).filter(([key]) => !OF_THE_MACHINE.includes(key)),
  );
  clamd = await startClamd({
    signatures: [
      { name: 'Eicar', text: eicarTestString().toString() },
      { name: 'BackupLens.Marker', text: 'the marker at the end' },
    ],
    settings,
  });
});
afterAll(() => clamd?.stop());

test('clamd starts with it, and looks at 200 MiB in one stream', async () => {
  const analyzer = clamavAnalyzer({ address: clamd.unix, canary: eicarTestString() });
  const size = 200 * MIB;
  function* chunks(): Generator<Buffer> {
    const block = noise(MIB);
    for (let n = 0; n < 199; n++) yield block;
    yield Buffer.concat([block.subarray(21), Buffer.from('the marker at the end')]);
  }
  const outcome = await streamThrough(analyzer, chunks(), { size });
  await analyzer.close();
  expect(outcome).toMatchObject({
    claims: [{ kind: 'clamav_infected', rule: 'BackupLens.Marker.UNOFFICIAL' }],
    inspected_bytes: size,
    windowed: false,
  });
});

test('a locked archive is a gap and no infection', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backuplens-locked-'));
  const analyzer = clamavAnalyzer({ address: clamd.unix, canary: eicarTestString() });
  try {
    await writeFile(join(folder, 'salaries.csv'), 'name,amount\n'.repeat(100));
    await promisify(execFile)('zip', ['-q', '-P', 'secret', 'locked.zip', 'salaries.csv'], { cwd: folder });
    const locked = await readFile(join(folder, 'locked.zip'));
    expect(await streamThrough(analyzer, [locked])).toMatchObject({
      claims: [],
      misses: [{ reason: 'encrypted' }],
      inspected_bytes: locked.length,
    });
  } finally {
    await analyzer.close();
    await rm(folder, { recursive: true, force: true });
  }
});
