// needs: clamav-daemon zip
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eicarTestString } from '../src/analyze/clamav/index.ts';
import { FileSystems, VerdictCache } from '../src/cache/index.ts';
import { DEFAULT_LIMITS, DEFAULT_POLICY } from '../src/domain/index.ts';
import { CACHE_NAME, knownScan, type KnownScan, type KnownScanOptions } from './kit/cache/known-scan.ts';
import { startClamd, type RealClamd } from './kit/clamd/real.ts';
import { MARKER } from './kit/marker.ts';
import { tarOf } from './kit/trees.ts';
import { startProgram, type Program } from './kit/yara/program.ts';

// Each starts scan workers, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const VIRUS = 'a harmless text that our own signature names';
const NEW_VIRUS = 'another text that only the new signature names';
const CLEAN = `nothing is to be said of this text, ${'but that it is long enough. '.repeat(4)}\n`;

let engines: string;
let clamd: RealClamd;
let yara: Program;
/** What most tests only scan. */
let shared: string;
beforeAll(async () => {
  engines = mkdtempSync(join(tmpdir(), 'cache-engines-'));
  mkdirSync(join(engines, 'rules'));
  await writeRules();
  clamd = await startClamd({
    signatures: [
      { name: 'Eicar-Test', text: eicarTestString().toString() },
      { name: 'Our.Virus', text: VIRUS },
    ],
    // By it is known that its files were loaded after their last change.
    settings: { PidFile: join(engines, 'clamd.pid') },
  });
  yara = await startProgram({ YARA_RULES_DIR: join(engines, 'rules'), TMPDIR: engines }, ['--engines=1']);
  shared = join(engines, 'in');
  mkdirSync(shared);
  await fill(shared);
});
afterAll(async () => {
  await yara.stop();
  await clamd.stop();
  rmSync(engines, { recursive: true });
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-scan-'));
  mkdirSync(join(root, 'in'));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (name: string): string => join(root, 'in', name);

/** Always two: fewer than were in force are not taken. */
async function writeRules(other = 'rule Never { condition: false }\n'): Promise<void> {
  const rules = `rule Marker { strings: $a = ${JSON.stringify(MARKER)} condition: $a }\n${other}`;
  writeFileSync(join(engines, 'rules', 'rules.yar'), rules);
  if (yara === undefined) return;
  const { status } = await fetch(`${yara.url}/reload`, { method: 'POST' });
  if (status !== 200) throw new Error('the rules were not taken');
}

async function fill(folder: string): Promise<void> {
  writeFileSync(join(folder, 'clean.txt'), CLEAN);
  writeFileSync(join(folder, 'later.txt'), NEW_VIRUS);
  writeFileSync(join(folder, 'marked.txt'), MARKER);
  writeFileSync(join(folder, 'virus.txt'), VIRUS);
  const members = {
    'inside.txt': 'a member\n',
    'other.txt': 'another\n',
    'deep.tar': await tarOf({ a: MARKER }),
  };
  writeFileSync(join(folder, 'all.tar'), await tarOf(members));
}
/** Artifacts in it: every file, every member. */
const ALL = 9;

async function scanned(options: Partial<KnownScanOptions> = {}): Promise<KnownScan> {
  const daemon = { address: clamd.unix, conf: clamd.configFile };
  return knownScan({ root, clamd: daemon, yara: yara.url ?? '', ...options });
}

/** Until no change of what was written could hide in the same tick of the clock (ATTACKS A11). */
async function settled(folder: string): Promise<void> {
  while (Date.now() - statSync(folder).ctimeMs < 2100) await sleep(50);
}

const line = ({ lines }: KnownScan, name: string): string =>
  lines.find((one) => one.includes(` ${name}:`)) ?? '';

describe('a second scan', () => {
  test('of what has not changed reads nothing, asks nobody, and says the same; what changed asks those whom it concerns', async () => {
    const folder = shared;
    await settled(folder);
    const first = await scanned({ folder });
    expect(first.cache).toMatchObject({ off: null, read: 5, by_content: 0, by_metadata: 0 });
    expect(first.cache.asked).toEqual({ clamav: ALL, yara: ALL });
    const second = await scanned({ folder });
    expect(second.cache).toMatchObject({ read: 0, by_content: 0, by_metadata: 5, asked: {}, known: {} });
    expect(second.lines).toEqual(first.lines);
    expect(second.results.map(({ coverage }) => coverage)).toEqual(
      first.results.map(({ coverage }) => coverage),
    );
    expect(line(second, 'all.tar')).toContain('yara_match › Marker › deep.tar › a');
    expect(line(second, 'virus.txt')).toContain('clamav_infected › Our.Virus');

    // Another policy asks nobody, and judges by itself.
    const weights = { ...DEFAULT_POLICY.weights, yara_match: 0 };
    const judged = await scanned({ folder, policy: { weights } });
    expect(judged.cache).toMatchObject({ read: 0, by_metadata: 5, asked: {} });
    expect([line(first, 'marked.txt'), line(judged, 'marked.txt')]).toEqual([
      expect.stringMatching(/^quarantine /),
      expect.stringMatching(/^auto_approve /),
    ]);

    expect((await scanned({ folder, strict: true })).cache).toMatchObject({
      read: 0,
      by_content: 5,
      asked: {},
    });
    expect((await scanned({ folder, fresh: true })).cache).toMatchObject({
      read: 5,
      asked: { yara: ALL },
      known: {},
    });

    // Another budget, other passwords: everything is opened again, and no engine asked.
    const known = { read: 5, asked: {}, known: { clamav: ALL, yara: ALL } };
    const settings = { limits: { ...DEFAULT_LIMITS, max_depth: 5 } };
    expect((await scanned({ folder, settings })).cache).toMatchObject(known);
    expect((await scanned({ folder, settings: { passwords: ['one more'] } })).cache).toMatchObject(known);

    // The same daemon: but whose word it is, is told by its address.
    const elsewhere = await scanned({ folder, clamd: { address: clamd.tcp, conf: clamd.configFile } });
    expect([elsewhere.cache.asked, elsewhere.cache.known]).toEqual([{ clamav: ALL }, { yara: ALL }]);

    await writeRules('rule Text { strings: $a = "nothing is to be said" condition: $a }\n');
    const rules = await scanned({ folder });
    expect([rules.cache.asked, rules.cache.known]).toEqual([{ yara: ALL }, { clamav: ALL }]);
    expect(line(rules, 'clean.txt')).toContain('yara_match › Text');
    await writeRules();
    // The old ones again: what was said under them still stands.
    expect((await scanned({ folder })).cache).toMatchObject({ by_metadata: 5, asked: {} });
  });

  test('with a new database asks only ClamAV, and finds what only the new one names', async () => {
    const folder = shared;
    await settled(folder);
    const first = await scanned({ folder });
    expect(line(first, 'later.txt')).toMatch(/^auto_approve .*: nothing$/);
    const signature = `New.Virus:0:*:${Buffer.from(NEW_VIRUS).toString('hex')}\n`;
    appendFileSync(join(clamd.databaseFolder, 'test.ndb'), signature);
    // Until it is sure that the daemon has loaded it, nothing that it says is kept, and nothing of before is believed.
    const unsure = await scanned({ folder });
    expect(unsure.cache).toMatchObject({ read: 5, by_metadata: 0, asked: {}, known: { yara: ALL } });
    await clamd.start();
    const second = await scanned({ folder });
    expect([second.cache.asked, second.cache.known]).toEqual([{ clamav: ALL }, { yara: ALL }]);
    expect(line(second, 'later.txt')).toContain('New.Virus');
    expect((await scanned({ folder })).cache).toMatchObject({ by_metadata: 5, asked: {} });
  });
});

describe('what was changed', () => {
  test('is examined at once, also where its time is set back; what shows in no metadata is found by the sample, loudly', async () => {
    await fill(join(root, 'in'));
    await settled(at('.'));
    await scanned();
    const { atime, mtime } = statSync(at('clean.txt'));
    writeFileSync(at('clean.txt'), CLEAN.toUpperCase());
    utimesSync(at('clean.txt'), atime, mtime);
    const changed = await scanned();
    expect(changed.cache).toMatchObject({ read: 1, by_metadata: 4 });
    expect(changed.results.find(({ path }) => path === 'clean.txt')?.cached).toBeUndefined();

    await settled(at('clean.txt'));
    await scanned();
    writeFileSync(at('clean.txt'), MARKER.padEnd(CLEAN.length, '.'));
    await forge('clean.txt');
    expect(line(await scanned(), 'clean.txt')).toMatch(/^auto_approve /);
    let found: KnownScan | null = null;
    for (let run = 0; run < 40 && found === null; run++) {
      const sampled = await scanned({ sample: 0.5 });
      if (sampled.cache.mismatched > 0) found = sampled;
    }
    if (found === null) throw new Error('never found');
    expect(line(found, 'clean.txt')).toContain('hidden_change › same-metadata-other-content');
    expect(line(found, 'clean.txt')).toContain('yara_match › Marker');
    // What it was before is believed no more.
    const after = await scanned();
    expect(after.cache).toMatchObject({ read: 0, mismatched: 0 });
    expect(line(after, 'clean.txt')).toContain('yara_match › Marker');
  });

  test('in the cache by somebody else is not believed, and counted', async () => {
    const folder = shared;
    await scanned({ folder });
    const rows = new DatabaseSync(join(root, 'cache', CACHE_NAME));
    // Nothing was found in anything, says whoever wrote this.
    const clean = rows
      .prepare('SELECT value FROM entries WHERE kind = 1 ORDER BY length(value) LIMIT 1')
      .get();
    rows.prepare('UPDATE entries SET value = ? WHERE kind = 1').run(clean?.['value'] ?? '');
    rows.close();
    const second = await scanned({ folder });
    expect(second.cache.refused).toBeGreaterThanOrEqual(3);
    expect(line(second, 'virus.txt')).toContain('Our.Virus');
    expect(line(second, 'all.tar')).toContain('Marker');
  });
});

/** What it would look like if somebody could change a file without a trace: the entry is ours, of its metadata as they are now. */
async function forge(name: string): Promise<void> {
  const folder = join(root, 'cache');
  const cache = await VerdictCache.open({
    folder,
    key_folder: folder,
    name: CACHE_NAME,
    own_folder: true,
    domain: 'tests',
    max_bytes: 2 ** 30,
  });
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(at(name), { bigint: true });
  const place = await new FileSystems().of(Buffer.from(at(name)), dev);
  if (place === null) throw new Error('these tests need a file system of this machine (ext4)');
  const key = Buffer.concat([place.id, Buffer.alloc(8)]);
  key.writeBigUInt64LE(ino, 16);
  const before = cache.get('file', key);
  if (before === null) throw new Error('it was not kept');
  const value = Buffer.from(before);
  for (const [index, number] of [size, mtimeNs, ctimeNs].entries()) value.writeBigUInt64LE(number, 8 * index);
  cache.keep([{ kind: 'file', key, value, made: Date.now() }]);
  await cache.close();
}

describe('the same content', () => {
  test('under new names and in a new archive is not asked about again', async () => {
    await fill(join(root, 'in'));
    await scanned();
    renameSync(at('virus.txt'), at('invoice.txt'));
    const other = await tarOf({ 'x/renamed.txt': VIRUS, 'y.txt': 'a member\n', 'new.txt': 'quite new\n' });
    writeFileSync(at('other.tar'), other);
    execFileSync('zip', ['-q', '-0', at('third.zip'), 'marked.txt'], { cwd: join(root, 'in') });
    const second = await scanned();
    // The two archives themselves, and what is new in them.
    expect(second.cache).toMatchObject({ asked: { clamav: 3, yara: 3 }, known: { clamav: 4, yara: 4 } });
    expect(line(second, 'other.tar')).toContain('Our.Virus.UNOFFICIAL › x/renamed.txt');
    expect(line(second, 'third.zip')).toContain('Marker › marked.txt');
  });

  test('under a new name is not sent to an engine again when it is too large to be held', async () => {
    const large = Buffer.concat([Buffer.alloc(3 * 2 ** 20, 'a large text. '), Buffer.from(VIRUS)]);
    writeFileSync(at('large.txt'), large);
    const first = await scanned();
    expect(line(first, 'large.txt')).toContain('Our.Virus');
    renameSync(at('large.txt'), at('renamed.txt'));
    // As large, and another.
    writeFileSync(at('other.txt'), large.subarray().fill('z', 0, 10));
    const second = await scanned();
    expect(second.cache).toMatchObject({ asked: { clamav: 1, yara: 1 }, known: { clamav: 1, yara: 1 } });
    for (const name of ['renamed.txt', 'other.txt']) expect(line(second, name)).toContain('Our.Virus');
    expect(second.results.map(({ coverage }) => coverage)).toEqual(
      second.results.map(() => first.results[0]?.coverage),
    );
  });

  test('is asked about again where a rule reads its name, and what its name claims is looked at each time', async () => {
    await writeRules('rule Named { condition: filename == "invoice.pdf.exe" }\n');
    try {
      writeFileSync(at('notes.txt'), CLEAN);
      expect((await scanned()).lines).toEqual(['auto_approve notes.txt: nothing']);
      copyFileSync(at('notes.txt'), at('invoice.pdf.exe'));
      const second = await scanned();
      expect(second.cache).toMatchObject({ asked: { yara: 1 }, known: { clamav: 1 } });
      expect(line(second, 'invoice.pdf.exe')).toContain('yara_match › Named');
      expect(line(second, 'invoice.pdf.exe')).toContain('mime_mismatch');
    } finally {
      await writeRules();
    }
  });
});

describe('what was not examined', () => {
  test('is a gap each time', async () => {
    writeFileSync(at('secret.txt'), 'secret');
    const locked = ['-q', '-P', 'nobody knows it', at('locked.zip'), 'secret.txt'];
    execFileSync('zip', locked, { cwd: join(root, 'in') });
    await settled(at('locked.zip'));
    const first = await scanned();
    const second = await scanned();
    expect(second.cache).toMatchObject({ read: 0, by_metadata: 2 });
    expect(second.lines).toEqual(first.lines);
    expect(line(second, 'locked.zip')).toContain('gap encrypted');
    const third = await scanned({ settings: { passwords: ['nobody knows it'] } });
    expect(line(third, 'locked.zip')).not.toContain('gap');
  });

  test('because an engine was away is examined as soon as it is back', async () => {
    const folder = shared;
    await clamd.kill();
    const first = await scanned({ folder });
    expect(first.summary.provisional).toBeGreaterThan(0);
    const still = await scanned({ folder });
    expect(still.cache).toMatchObject({ by_metadata: 0, by_content: 0, known: { yara: ALL } });
    await clamd.start();
    const back = await scanned({ folder });
    expect(back.cache).toMatchObject({ asked: { clamav: ALL }, known: { yara: ALL } });
    expect(line(back, 'virus.txt')).toContain('Our.Virus');
    expect(back.summary.provisional).toBe(0);
  });

  test('by a clamd that proves nothing is never kept', async () => {
    const blind = await startClamd({ signatures: [], settings: { PidFile: join(root, 'blind.pid') } });
    try {
      writeFileSync(at('clean.txt'), CLEAN);
      for (const known of [{}, { yara: 1 }]) {
        const { cache } = await scanned({ clamd: { address: blind.unix, conf: blind.configFile } });
        expect(cache).toMatchObject({ read: 1, by_content: 0, known });
        expect(cache.asked).not.toHaveProperty('clamav');
      }
    } finally {
      await blind.stop();
    }
  });
});
