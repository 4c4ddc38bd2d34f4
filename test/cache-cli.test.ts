import { existsSync, chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { report as reportSchema } from '../src/contracts/index.ts';
import { cli, scanJson, type Ended } from './kit/cli.ts';

// Each starts programs, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-cli-'));
  mkdirSync(join(root, 'in'));
  mkdirSync(join(root, 'rules'));
  writeFileSync(join(root, 'rules', 'r.yar'), 'rule Never { condition: false }\n');
  writeFileSync(join(root, 'in', 'a.txt'), 'a text\n');
  writeFileSync(join(root, 'in', 'b.txt'), 'another text\n');
});
afterEach(() => rmSync(root, { recursive: true }));

const database = (): string => join(root, 'cache', 'backuplens', 'verdicts', 'verdicts.sqlite');
const env = (): Record<string, string> => ({ XDG_CACHE_HOME: join(root, 'cache'), VERDICT_CACHE: '' });
const run = async (...args: string[]): Promise<Ended> => cli(args, { cwd: root, env: env() });
const SCAN = ['scan', '--clamd', 'off', '--rules', 'rules', '--verify-sample', '0'];

test('a scan keeps what it found out by itself, says what it did not read again, and when somebody changed that', async () => {
  const { ctimeMs } = statSync(join(root, 'in', 'b.txt'));
  while (Date.now() - ctimeMs < 2100) await sleep(50);
  expect((await run(...SCAN, 'in')).stdout).not.toContain('not read');
  expect((await run(...SCAN, 'in')).stdout).toContain(
    '0 files examined now; 2 not read: unchanged since they were examined',
  );

  const status = await run('cache', 'status', '--json');
  expect(JSON.parse(status.stdout)).toMatchObject({ path: database(), off: null });
  const more = new DatabaseSync(database());
  more.exec('UPDATE entries SET seal = randomblob(16)');
  more.close();
  const poisoned = await run(...SCAN, 'in');
  expect(poisoned.stdout).toContain('THE CACHE WAS CHANGED by somebody else');
  expect(poisoned.stdout).not.toContain('not read');

  expect(await run('cache', 'clear')).toMatchObject({ code: 0 });
  const json = await scanJson([...SCAN.slice(1), 'in'], { cwd: root, env: env() });
  expect(json.report.summary.cache).toMatchObject({ read: 2, refused: 0, known: {} });
  const off = await scanJson([...SCAN.slice(1), '--cache', 'off', 'in'], { cwd: root, env: env() });
  expect(off.report.summary.cache).toBeUndefined();
});

test('a cache must not lie in what is scanned, nor where others can write; the usual one is then not used', async () => {
  const inside = await run(...SCAN, '--cache', 'in/c.sqlite', 'in');
  expect([inside.code, inside.stderr]).toEqual([2, expect.stringContaining('lies inside the scanned path')]);
  mkdirSync(join(root, 'open'));
  chmodSync(join(root, 'open'), 0o777);
  const open = await run(...SCAN, '--cache', 'open/c.sqlite', 'in');
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('can be written by everybody')]);
  const usual = await cli(['scan', '--clamd', 'off', '.'], { cwd: root, env: env() });
  expect(usual.stderr).toContain('nothing is kept for the next scan');
  expect(existsSync(database())).toBe(false);
});

test('a second scan starts no process, reads no byte of a file and asks nobody; where one file is new, whatever that needs', async () => {
  const { ctimeMs } = statSync(join(root, 'in', 'b.txt'));
  while (Date.now() - ctimeMs < 2100) await sleep(50);
  const stats = async () => {
    const { report } = await scanJson([...SCAN.slice(1), '--stats', 'in'], { cwd: root, env: env() });
    const { processes, work } = reportSchema.parse(report).stats ?? { processes: [], work: null };
    return { roles: processes.map(({ role }) => role).toSorted(), work };
  };
  await stats();
  const second = await stats();
  expect(second.roles).toEqual(['backuplens']);
  expect(second.work).toEqual({
    reads: 0,
    read_bytes: 0,
    hashed_bytes: 0,
    yara_read_bytes: 0,
    scratch_files: 0,
    messages: 0,
    examinations: {},
  });
  writeFileSync(join(root, 'in', 'c.txt'), 'a third text\n');
  const third = await stats();
  expect(third.roles).toEqual(
    expect.arrayContaining(['backuplens', 'worker', 'yara-engine', 'yara-scanner']),
  );
  expect(third.work).toMatchObject({ reads: 1, read_bytes: 13, hashed_bytes: 13 });
  // Other rules have to say themselves what they are.
  writeFileSync(join(root, 'rules', 'r.yar'), 'rule Never { condition: filesize == 0 }\n');
  expect((await stats()).roles).toContain('yara-scanner');
  // Whoever requires it wants to see it.
  const required = await scanJson([...SCAN.slice(1), '--stats', '--require', 'yara', 'in'], {
    cwd: root,
    env: env(),
  });
  expect(JSON.stringify(required.report.stats)).toContain('yara-scanner');
});

test('a damaged cache stops no scan: it is put aside, and said', async () => {
  mkdirSync(join(root, 'cache', 'backuplens', 'verdicts'), { recursive: true, mode: 0o700 });
  chmodSync(join(root, 'cache', 'backuplens', 'verdicts'), 0o700);
  writeFileSync(database(), Buffer.alloc(30_000, 'noise'));
  const scan = await run(...SCAN, 'in');
  expect(scan.stdout).toContain(`the cache was damaged: put aside as ${database()}.damaged`);
  expect(statSync(`${database()}.damaged`).size).toBe(30_000);
});
