import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { quarantineCommand } from '../src/cli/quarantine.ts';
import { BackupLensError } from '../src/domain/index.ts';
import { forTerminal } from '../src/report/index.ts';
import { disposeOf, entries, journal, newStore, sha256, type Store } from './kit/dispose/store.ts';

let store: Store;
beforeEach(async () => {
  store = await newStore();
});
afterEach(() => store.remove());

async function run(...args: string[]): Promise<{ out: string; err: string; code: number | null }> {
  const said = { out: '', err: '', code: null as number | null };
  const command = quarantineCommand({
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    escape: forTerminal,
    folders: () => store.folders,
    exit: (code) => void (said.code = code),
  });
  // A command has the store to itself.
  await store.close();
  try {
    await command.parseAsync(args, { from: 'user' });
  } finally {
    await store.open();
  }
  return said;
}

const idOf = async (name: string, bytes = name) => (await disposeOf(store, name, bytes)).id ?? '';

test('an empty quarantine is listed as empty, and its folder is not made', async () => {
  const said = `backuplens: nothing is in quarantine (${store.quarantineDir})\n`;
  expect(await run('list')).toEqual({ out: '', err: said, code: 0 });
  expect(await run('list', '--json')).toEqual({ out: '[\n]\n', err: '', code: 0 });
  expect(existsSync(store.quarantineDir)).toBe(false);
});

test('list shows a line for each item, oldest first, with its name made safe', async () => {
  const one = await idOf('a.txt');
  const two = await idOf('b\u001b[2J\n.txt');
  const { out, code } = await run('list');
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(new RegExp(`^${one}  .*Z  5 bytes  .*/a\\.txt  a test rule$`));
  expect(lines[1]).toContain(`${two}  `);
  expect(lines[1]).toContain('b\\x1b[2J\\n.txt');
  const items: unknown = JSON.parse((await run('list', '--json')).out);
  expect(items).toMatchObject([
    { id: one, sha256: sha256('a.txt'), damaged: null, reasons: ['a test rule'] },
    { id: two },
  ]);
  expect(JSON.stringify(items)).not.toContain('"key"');
});

test('a filter that leaves nothing is named, and the quarantine is not called empty', async () => {
  await idOf('a.txt');
  expect(await run('list', '--rule', 'Nope')).toEqual({
    out: '',
    err: 'backuplens: nothing that Nope has put there is in quarantine\nhint: `list` without it shows everything\n',
    code: 0,
  });
  expect((await run('list', '--since', '2099-01-01')).err).toBe(
    'backuplens: nothing that was taken since 2099-01-01T00:00:00.000Z is in quarantine\nhint: `list` without it shows everything\n',
  );
  expect((await run('list', '--rule', 'Nope', '--since', '2099-01-01')).err).toContain(
    'nothing that Nope has put there since 2099-01-01T00:00:00.000Z is in quarantine\n',
  );
});

test('a damaged item is listed as damaged, and the exit code says so', async () => {
  const id = await idOf('a.txt');
  writeFileSync(join(store.quarantineDir, '20200101T000000000Z-000000000000.blq'), 'x');
  const { out, err, code } = await run('list');
  expect(out).toContain('20200101T000000000Z-000000000000  damaged: it is cut short  (not in the store)\n');
  expect(err).toContain('backuplens: 1 of 2 damaged\nhint: ');
  expect(code).toBe(1);
  const stored = join(store.quarantineDir, `${id}.blq`);
  chmodSync(stored, 0o600);
  writeFileSync(stored, 'x');
  expect((await run('list')).out).toContain(`${id}  damaged: it is cut short\n`);
  expect(await run('show', id)).toMatchObject({
    code: 1,
    err: `backuplens: ${id} is damaged: it is cut short\n`,
  });
  expect(await run('restore', id)).toMatchObject({ code: 1, out: '' });
  expect((await run('show', '20200101T0')).code).toBe(1);
  expect((await run('restore', '20200101T0')).code).toBe(1);
});

test('show tells what an item is and why it is there, and verifies it when asked', async () => {
  const id = await idOf('a.txt');
  const { out, code } = await run('show', '--verify', id.slice(-12));
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`^id +${id}\nfrom +${join(store.incoming, 'a.txt')}\n`));
  expect(out).toContain(`sha256      ${sha256('a.txt')}\n`);
  expect(out).toContain('because     a test rule\n');
  expect(out).toContain('verified    every byte is as it was taken\n');
  const shown: unknown = JSON.parse((await run('show', '--json', id)).out);
  expect(shown).toMatchObject({ id, verified: false, report: { decision: 'quarantine', score: 200 } });
});

test('an abbreviation must mean one item', async () => {
  const one = await idOf('a.txt');
  const two = await idOf('b.txt');
  const { err, code } = await run('show', one.slice(0, 6));
  expect(code).toBe(1);
  expect(err).toBe(`backuplens: ${one.slice(0, 6)} may be any of 2 items\nhint: for one: ${one} or ${two}\n`);
  expect((await run('show', one.slice(0, 3))).err).toContain('there is no item');
  expect((await run('show', '../../etc/passwd')).code).toBe(1);
});

test('restore puts nothing into the folders that are our own, and the place it came from stays open', async () => {
  const id = await idOf('a.txt');
  store.approvedDir = join(store.root, 'approved');
  mkdirSync(join(store.approvedDir, 'deep'), { recursive: true });
  mkdirSync(store.reviewDir);
  symlinkSync(store.approvedDir, join(store.root, 'link'));
  const refused: readonly [string, string][] = [
    [join(store.approvedDir, 'x'), 'APPROVED_DIR'],
    [join(store.approvedDir, 'deep', 'x'), 'APPROVED_DIR'],
    [join(store.root, 'link', 'x'), 'APPROVED_DIR'],
    [join(store.root, 'link', 'deep', '..', 'x'), 'APPROVED_DIR'],
    [join(store.dataDir, 'tokens2.json'), 'DATA_DIR'],
    [join(store.quarantineDir, 'x'), 'QUARANTINE_DIR'],
    [join(store.reviewDir, 'x'), 'REVIEW_DIR'],
  ];
  for (const [to, name] of refused) {
    const { code, err } = await run('restore', id, '--to', to);
    expect({ to, code }).toEqual({ to, code: 2 });
    expect(err).toContain(` lies in ${name}, a folder of our own\nhint: name another place with --to\n`);
    expect(existsSync(to)).toBe(false);
  }
  // Nor in the place of one.
  expect((await run('restore', id, '--to', store.reviewDir)).err).toContain(' lies in REVIEW_DIR');
  // The same beginning is not the same folder.
  mkdirSync(`${store.approvedDir}2`);
  expect(await run('restore', id, '--keep', '--to', join(`${store.approvedDir}2`, 'x'))).toMatchObject({
    code: 0,
  });
  expect(await run('restore', id)).toMatchObject({ code: 0 });
  expect(readFileSync(join(store.incoming, 'a.txt'), 'utf8')).toBe('a.txt');
});

test('restore brings the file back, and never over another one', async () => {
  const id = await idOf('a.txt');
  const path = join(store.incoming, 'a.txt');
  writeFileSync(path, 'newer');
  const refused = await run('restore', id);
  expect(refused).toEqual({
    out: '',
    err: `backuplens: ${path} exists already\nhint: move it away, or name another place with --to\n`,
    code: 2,
  });
  const to = join(store.root, 'back.txt');
  const kept = await run('restore', '--to', to, '--keep', id);
  expect(kept).toEqual({ out: `${id} restored to ${to}, and kept in quarantine\n`, err: '', code: 0 });
  expect(readFileSync(to, 'utf8')).toBe('a.txt');
  const again = await run('restore', id, '--to', `${to}2`, '--json');
  expect(JSON.parse(again.out)).toEqual({
    id,
    location: `${to}2`,
    sha256: sha256('a.txt'),
    size: 5,
    kept: false,
  });
  expect(await run('restore', id)).toMatchObject({ code: 1, out: '' });
  expect(readFileSync(path, 'utf8')).toBe('newer');
});

test('delete wants a reason and --yes', async () => {
  const id = await idOf('a.txt');
  const asked = await run('delete', id, '--reason', 'not needed');
  expect(asked.code).toBe(2);
  expect(asked.err).toBe('backuplens: nothing was deleted\nhint: add --yes to delete this item for good\n');
  expect(entries(store.quarantineDir)).toHaveLength(2);
  expect(await run('delete', id, '--reason', ' ', '--yes')).toMatchObject({ code: 2 });
  expect(await run('delete', id, '--reason', 'not needed', '--yes')).toEqual({
    out: `${id} deleted\n`,
    err: '',
    code: 0,
  });
  expect((await journal(store)).at(-1)).toMatchObject({ action: 'deleted', detail: 'not needed' });
});

test('a folder that cannot be trusted is exit code 2, with the command that mends it', async () => {
  mkdirSync(store.quarantineDir, { mode: 0o777 });
  chmodSync(store.quarantineDir, 0o777);
  expect(await run('list')).toEqual({
    out: '',
    err: `backuplens: ${store.quarantineDir} can be changed by others\nhint: run: chmod go-w ${store.quarantineDir}\n`,
    code: 2,
  });
});

test('a configuration that is wrong is told in its own words', async () => {
  const said = { err: '', code: 0 };
  const command = quarantineCommand({
    out: () => undefined,
    err: (text) => void (said.err += text),
    escape: forTerminal,
    folders: () => {
      throw new BackupLensError('BL_CONFIG', 'QUARANTINE_DIR is empty');
    },
    exit: (code) => void (said.code = code),
  });
  await command.parseAsync(['list'], { from: 'user' });
  expect(said).toEqual({ err: 'backuplens: QUARANTINE_DIR is empty\n', code: 2 });
});

test('a deletion without a reason is wrong usage', async () => {
  await expect(run('delete', 'abcd')).rejects.toMatchObject({
    code: 'commander.missingMandatoryOptionValue',
  });
});

test('the help teaches with examples and exit codes', () => {
  const help: string[] = [];
  const command = quarantineCommand({
    out: () => undefined,
    err: () => undefined,
    escape: forTerminal,
    folders: () => store.folders,
  }).configureOutput({ writeOut: (text) => void help.push(text) });
  command.outputHelp();
  expect(help.join('')).toMatch(/Examples:[\s\S]*quarantine restore[\s\S]*Exit codes:/);
});
