import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli, ended, scanJson, startCli } from './kit/cli.ts';
import { openData } from './kit/dispose/store.ts';
import { MARKER } from './kit/marker.ts';
import { resticFiles } from './kit/sets.ts';

let work: string;
let incoming: string;
let env: Record<string, string>;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'apply-'));
  incoming = join(work, 'incoming');
  mkdirSync(incoming);
  env = {
    QUARANTINE_DIR: join(work, 'quarantine'),
    REVIEW_DIR: join(work, 'review'),
    DATA_DIR: join(work, 'data'),
  };
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

test('without --apply nothing is moved, whatever is decided', async () => {
  writeFileSync(join(incoming, 'bad.txt'), MARKER);
  expect((await cli(['scan', '--clamd', 'off', incoming], { env })).code).toBe(1);
  expect(readdirSync(work)).toEqual(['incoming']);
  expect(readFileSync(join(incoming, 'bad.txt'), 'utf8')).toBe(MARKER);
});

test('with --apply each file goes where it was decided, and quarantine gives it back byte by byte', async () => {
  const files = {
    'bad.txt': Buffer.from(`one ${MARKER}`),
    'good.txt': Buffer.from('buy milk\n'),
    'odd.docx': noise(),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(incoming, name), bytes);
  const { code, report } = await scanJson(['--clamd', 'off', '--apply', incoming], { env });
  expect(code).toBe(1);
  expect(report.results.map(({ disposition }) => disposition?.action)).toEqual([
    'quarantined',
    undefined,
    'held',
  ]);
  expect(readdirSync(incoming)).toEqual(['good.txt']);

  const listed: { id: string }[] = JSON.parse((await cli(['quarantine', 'list', '--json'], { env })).stdout);
  expect(listed.map(({ id }) => id)).toEqual([report.results[0]?.disposition?.id]);
  const [item] = listed;
  const stored = readdirSync(join(work, 'quarantine')).map((name) => join(work, 'quarantine', name));
  const containers = stored.filter((path) => path.endsWith('.blq'));
  expect(containers.map((path) => readFileSync(path).includes(MARKER))).toEqual([false]);

  const restored = await cli(['quarantine', 'restore', item?.id ?? ''], { env });
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(join(incoming, 'bad.txt'))).toEqual(files['bad.txt']);
  expect((await cli(['quarantine', 'restore', item?.id ?? ''], { env })).code).toBe(1);
});

test('files that are to be reviewed stay where they are without a REVIEW_DIR', async () => {
  writeFileSync(join(incoming, 'odd.docx'), noise());
  const { REVIEW_DIR: _, ...without } = env;
  const { code, report } = await scanJson(['--clamd', 'off', '--apply', incoming], { env: without });
  expect([code, report.results[0]?.disposition]).toEqual([
    3,
    {
      action: 'none',
      location: join(incoming, 'odd.docx'),
      id: null,
      detail: 'left in place: REVIEW_DIR is not set',
    },
  ]);
  expect(existsSync(join(incoming, 'odd.docx'))).toBe(true);
});

test('a quarantine folder inside of what is scanned is refused with the next step', async () => {
  const inside = { ...env, QUARANTINE_DIR: join(incoming, 'quarantine') };
  const { code, stderr } = await cli(['scan', '--apply', incoming], { env: inside });
  expect(code).toBe(2);
  expect(stderr).toMatch(/QUARANTINE_DIR .* lies inside .*\nhint: /);
});

test('sets stay whole, dropped folders share a decision, and the summary counts files and not units', async () => {
  const put = (name: string, content: string | Buffer): void => {
    mkdirSync(join(incoming, name, '..'), { recursive: true });
    writeFileSync(join(incoming, name), content);
  };
  for (const [name, content] of Object.entries(resticFiles([MARKER, 'another pack'])))
    put(`repo/${name}`, content);
  put('drop/good.txt', 'buy milk\n');
  put('drop/bad.txt', `one ${MARKER}`);
  put('alone.txt', 'buy bread\n');
  const folder = { ...env, INCOMING_DIR: incoming, DISPOSITION_UNIT: 'folder' };
  const { code, report } = await scanJson(['--clamd', 'off', '--apply', incoming], { env: folder });
  expect(code).toBe(1);
  const told = Object.fromEntries(
    report.results.map(({ path, decision, disposition, files }) => [
      path.slice(incoming.length + 1),
      [decision, disposition?.action ?? null, files ?? null],
    ]),
  );
  expect(told).toEqual({
    'alone.txt': ['auto_approve', null, null],
    'drop/bad.txt': ['quarantine', 'quarantined', null],
    'drop/good.txt': ['quarantine', 'quarantined', null],
    repo: ['quarantine', 'none', 6],
  });
  expect(report.summary).toMatchObject({ files: 9, quarantine: 8, auto_approve: 1 });
  expect(readdirSync(join(incoming, 'repo/data'))).toHaveLength(2);
  const gate = await cli(['gate', join(incoming, 'repo/config')], { env: folder });
  expect(gate).toMatchObject({ code: 1, stdout: expect.stringContaining('repo (restic)') });
});

test('a scan says once whom it waits for, has its turn then, and ends at once when it is told to', async () => {
  writeFileSync(join(incoming, 'good.txt'), 'buy milk\n');
  const args = ['scan', '--clamd', 'off', '--apply', incoming];
  const holder = await openData(join(work, 'data'));
  const [told, patient] = [startCli(args, { env }), startCli(args, { env })];
  const all = [told, patient].map(async (child) => ended(child));
  const waits = [told, patient].map(
    async (child) =>
      new Promise<void>((resolve) => {
        child.stderr?.on('data', (text: string) => text.includes('waits') && resolve());
        child.once('close', () => resolve());
      }),
  );
  await Promise.all(waits);
  told.kill('SIGTERM');
  expect(await all[0]).toMatchObject({ code: 130, stdout: '' });
  await holder.close();
  const { code, stderr } = (await all[1]) ?? { code: null, stderr: '' };
  expect(code).toBe(0);
  expect(stderr.match(/waits.*: a test \(pid \d+ on /g)).toHaveLength(1);
});

/** Bytes without any structure, larger than the entropy analyzer's minimum. */
function noise(): Buffer {
  return crypto.getRandomValues(Buffer.alloc(20_000));
}

test('what is approved elsewhere keeps its path below the folder that was given, and overwrites nothing', async () => {
  const elsewhere = join(work, 'restore');
  for (const [name, text] of [
    ['db/monday/dump.sql', 'monday'],
    ['db/tuesday/dump.sql', 'tuesday'],
    ['top.sql', 'top'],
  ] as const) {
    mkdirSync(join(elsewhere, name, '..'), { recursive: true });
    writeFileSync(join(elsewhere, name), text);
  }
  mkdirSync(join(work, 'approved/db/monday'), { recursive: true, mode: 0o700 });
  writeFileSync(join(work, 'approved/db/monday/dump.sql'), 'yesterday');
  const applied = { ...env, INCOMING_DIR: incoming, APPROVED_DIR: join(work, 'approved') };
  const link = join(work, 'link');
  symlinkSync(elsewhere, link);
  const { code } = await scanJson(['--clamd', 'off', '--apply', link], { env: applied });
  expect(code).toBe(0);
  const content = (name: string): string => readFileSync(join(work, 'approved', name), 'utf8');
  expect([content('db/tuesday/dump.sql'), content('top.sql')]).toEqual(['tuesday', 'top']);
  expect(content('db/monday/dump.sql')).toBe('yesterday');
  const [beside = ''] = readdirSync(join(work, 'approved/db/monday')).filter((name) => name !== 'dump.sql');
  expect(content(`db/monday/${beside}`)).toBe('monday');
  // A file that is given by itself has no folder to keep.
  writeFileSync(join(elsewhere, 'db/monday/alone.sql'), 'alone');
  await scanJson(['--clamd', 'off', '--apply', join(elsewhere, 'db/monday/alone.sql')], { env: applied });
  expect(content('alone.sql')).toBe('alone');
});
