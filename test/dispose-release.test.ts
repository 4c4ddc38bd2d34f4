// needs: attr libcap2-bin btrfs-progs
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  assertApart,
  assertHook,
  BREAKER,
  leftOver,
  ownFolders,
  putBackOrphans,
  runHook,
  trippedRule,
} from '../src/dispose/index.ts';
import { NASTY_NAMES } from './kit/nasty-names.ts';
import {
  dispose,
  disposeOf,
  entries,
  journal,
  newStore,
  requestFor,
  restore,
  type Store,
} from './kit/dispose/store.ts';

const isRoot = process.getuid?.() === 0;
const SCAN = '20261128T120000000Z-5ca05ca05ca0';

let store: Store;
let file: string;
let approved: string;
let onEnd: (() => void | Promise<void>)[];
beforeEach(async () => {
  store = await newStore();
  file = join(store.incoming, 'nightly.tar');
  approved = join(store.root, 'approved');
  store.approvedDir = approved;
  onEnd = [async () => store.remove()];
});
afterEach(async () => {
  for (const end of onEnd.toReversed()) await end();
});

const shown = (name: string) =>
  execFileSync('getfattr', ['-d', '-m', '-', '--absolute-names', name], { encoding: 'utf8' });

const event = (path: string) => ({
  path: Buffer.from(path),
  sha256: 'a'.repeat(64),
  decision: 'auto_approve',
  eventId: 'e1',
});

test('an approved file is released as another inode, with its bytes, mode and times, and without setuid', async () => {
  writeFileSync(file, 'backup');
  chmodSync(file, 0o4750);
  utimesSync(file, 1_600_000_000.25, 1_500_000_000.5);
  const { ino } = lstatSync(file);
  const done = await dispose(requestFor(store, file, 'auto_approve'));
  const to = join(approved, 'nightly.tar');
  expect(done).toMatchObject({ action: 'released', location: to, detail: null });
  expect(readFileSync(to, 'utf8')).toBe('backup');
  const stats = lstatSync(to);
  expect([stats.mode & 0o7777, stats.mtimeMs, stats.nlink]).toEqual([0o750, 1_500_000_000_500, 1]);
  expect(stats.ino).not.toBe(ino);
  expect(entries(store.incoming)).toEqual([]);
  expect(entries(approved)).toEqual(['nightly.tar']);
  expect((await journal(store)).map(({ action }) => action)).toEqual(['released']);
});

const putBelow = (name: string | Buffer, bytes = 'backup'): Buffer => {
  const path = Buffer.concat([Buffer.from(`${store.incoming}/`), Buffer.from(name)]);
  mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};
const releaseOf = async (path: Buffer) => dispose(requestFor(store, path, 'auto_approve'));

describe('what is approved below the watched folder', () => {
  beforeEach(() => {
    store.incomingDir = store.incoming;
  });

  test('keeps its path, whatever bytes it is made of, in folders that others may do no more with', async () => {
    mkdirSync(approved, { mode: 0o750 });
    const name = Buffer.concat([Buffer.from('db/caf'), Buffer.from([0xe9, 0x0a]), Buffer.from('/ -x/dump')]);
    const done = await releaseOf(putBelow(name));
    expect(done.action).toBe('released');
    const to = Buffer.concat([Buffer.from(`${approved}/`), name]);
    expect(readFileSync(to, 'utf8')).toBe('backup');
    expect(lstatSync(join(approved, 'db')).mode & 0o777).toBe(0o750);
    await releaseOf(putBelow('db/other'));
    await releaseOf(putBelow('right-in-it'));
    expect(entries(approved)).toEqual(['db', 'right-in-it']);
    expect(entries(join(approved, 'db'))).toHaveLength(2);
  });

  test('is neither led away by a link, nor stopped by a file, nor written over one', async () => {
    const elsewhere = join(store.root, 'elsewhere');
    mkdirSync(join(elsewhere, 'sub'), { recursive: true });
    mkdirSync(approved, { mode: 0o700 });
    symlinkSync(elsewhere, join(approved, 'linked'));
    symlinkSync(join(store.root, 'nowhere'), join(approved, 'dangling'));
    writeFileSync(join(approved, 'file'), 'mine');
    for (const name of ['linked', 'dangling', 'file']) {
      const done = await releaseOf(putBelow(`${name}/sub/a.tar`));
      expect(done).toMatchObject({
        action: 'released',
        location: join(approved, `${name}.${SCAN}`, 'sub/a.tar'),
      });
    }
    expect(entries(join(elsewhere, 'sub'))).toEqual([]);
    expect(existsSync(join(store.root, 'nowhere'))).toBe(false);
    expect(readFileSync(join(approved, 'file'), 'utf8')).toBe('mine');
    await releaseOf(putBelow('d/a', 'monday'));
    const second = await releaseOf(putBelow('d/a', 'tuesday'));
    expect(second.location).toBe(join(approved, 'd', `a.${SCAN}`));
  });

  test('comes out of the review folder to the same place', async () => {
    const held = await dispose(requestFor(store, putBelow('deep/er/a.tar'), 'manual_review'));
    const item = held.id === null ? null : await store.ledger.item(held.id);
    if (item === null) throw new Error('it is not held');
    const content = join(held.location, 'content');
    const request = requestFor(store, content, 'auto_approve');
    const backTo = Buffer.from(item.origin);
    const done = await dispose({ ...request, held: { item: item.id, facts: item.facts, backTo } });
    expect(done).toMatchObject({ action: 'released', location: join(approved, 'deep/er/a.tar') });
  });
});

test('the same name every night: the second one gets the scan’s id, and nothing is overwritten', async () => {
  await disposeOf(store, 'nightly.tar', 'monday', 'auto_approve');
  const second = await disposeOf(store, 'nightly.tar', 'tuesday', 'auto_approve');
  expect(second.location).toBe(join(approved, `nightly.tar.${SCAN}`));
  const third = await disposeOf(store, 'nightly.tar', 'wednesday', 'auto_approve');
  expect(third).toMatchObject({ action: 'failed', location: file });
  expect(readFileSync(join(approved, 'nightly.tar'), 'utf8')).toBe('monday');
  expect(readFileSync(second.location, 'utf8')).toBe('tuesday');
  expect(readFileSync(file, 'utf8')).toBe('wednesday');
});

test('a descriptor that was open before does not reach the released file, and what it wrote is not released', async () => {
  writeFileSync(file, 'scanned');
  const request = requestFor(store, file, 'auto_approve');
  const done = await dispose({
    ...request,
    onStep: (step) => {
      const [claim = ''] = entries(store.incoming);
      if (step === 'checked') writeFileSync(join(store.incoming, claim, 'nightly.tar'), 'swapped');
    },
  });
  expect(done).toMatchObject({ action: 'failed', detail: expect.stringMatching(/^changed/) });
  expect(entries(approved)).toEqual([]);
  expect(readFileSync(file, 'utf8')).toBe('swapped');
});

test('nasty names are released and come back from quarantine as they were', async () => {
  for (const { name } of NASTY_NAMES) {
    const bytes = Buffer.from(name.replaceAll(/[/\0]/g, '_')).subarray(0, 200);
    const path = Buffer.concat([Buffer.from(`${store.incoming}/n`), bytes]);
    writeFileSync(path, 'x');
    const released = await dispose(requestFor(store, path, 'auto_approve'));
    expect(released.action).toBe('released');
    const there = Buffer.concat([Buffer.from(`${approved}/n`), bytes]);
    expect(lstatSync(there).size).toBe(1);
    const { id } = await dispose(requestFor(store.with({ approvedDir: null }), there, 'quarantine'));
    expect(existsSync(there)).toBe(false);
    await restore(store, id);
    expect(lstatSync(there).size).toBe(1);
    rmSync(there);
  }
});

test('extended attributes come back; file capabilities and setuid only when they are asked for', async () => {
  writeFileSync(file, 'x');
  chmodSync(file, 0o4755);
  execFileSync('setfattr', ['-n', 'user.origin', '-v', 'a "b"\n', file]);
  if (isRoot) execFileSync('setcap', ['cap_net_raw=ep', file]);
  const before = shown(file);
  const { id } = await dispose(requestFor(store, file, 'quarantine'));
  const plain = join(store.root, 'plain');
  await restore(store, id, { to: plain, keep: true });
  expect(shown(plain)).toContain('user.origin');
  expect(shown(plain)).not.toContain('security.capability');
  expect(lstatSync(plain).mode & 0o7777).toBe(0o755);
  await restore(store, id, { withPrivileges: true });
  expect(shown(file)).toBe(before);
  expect(lstatSync(file).mode & 0o7777).toBe(0o4755);
});

test('a restoration stays within its roots, however the place is named', async () => {
  const { id } = await disposeOf(store, 'nightly.tar', 'x');
  const inside = join(store.root, 'inside');
  mkdirSync(inside);
  mkdirSync(join(store.root, 'inside-not'));
  const roots = [inside, join(store.root, 'not there')];
  for (const to of [join(store.root, 'x'), join(store.root, 'inside-not', 'x'), join(inside, '..', 'x')]) {
    await expect(restore(store, id, { to, roots })).rejects.toThrow(/lies outside of RESTORE_ROOTS/);
  }
  await expect(restore(store, id, { roots })).rejects.toThrow(/lies outside of RESTORE_ROOTS/);
  expect(await restore(store, id, { to: join(inside, 'x'), roots })).toMatchObject({ status: 'restored' });
});

describe.skipIf(!isRoot)('on a file system that shares blocks', () => {
  test('a release shares them with what was scanned, and takes no room', async () => {
    const image = join(store.root, 'image');
    writeFileSync(image, '');
    truncateSync(image, 256 * 1024 * 1024);
    execFileSync('mkfs.btrfs', ['-q', image], { stdio: 'pipe' });
    const place = mkdtempSync(join(tmpdir(), 'reflink-'));
    execFileSync('mount', ['-o', 'loop', image, place]);
    onEnd.push(() => {
      execFileSync('umount', [place]);
      rmSync(place, { recursive: true });
    });
    const source = join(place, 'nightly.tar');
    writeFileSync(source, Buffer.alloc(32 * 1024 * 1024, 'backup '));
    execFileSync('sync', ['-f', place]);
    const free = () => statfsSync(place).bavail * statfsSync(place).bsize;
    const before = free();
    const other = join(place, 'other name');
    linkSync(source, other);
    const places = store.with({ approvedDir: join(place, 'approved') });
    const done = await dispose(requestFor(places, source, 'auto_approve'));
    expect(done).toMatchObject({ action: 'released', detail: expect.stringContaining('another name') });
    execFileSync('sync', ['-f', place]);
    expect(before - free()).toBeLessThan(8 * 1024 * 1024);
    expect(readFileSync(done.location).equals(readFileSync(other))).toBe(true);
  });
});

/** A shell script of its own. */
function program(text: string): string {
  const path = join(store.root, `hook-${entries(store.root).length}`);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

const hook = (text: string, deadlineMs = 20_000) => ({
  program: program(text),
  environment: { PATH: '/usr/bin:/bin' },
  deadlineMs,
});

describe('the hook', () => {
  test('gets the path as one argument, whatever it is called, and an environment of exactly what it is given', async () => {
    const out = join(store.root, 'said');
    const name = `${approved}/-rf $(touch x) \n"'`;
    const told = await runHook(
      hook(`printf '%s|' "$#" "$1" > '${out}'; env | cut -d= -f1 | sort >> '${out}'`),
      event(name),
    );
    expect(told).toEqual({ ok: true, detail: 'the hook ended with 0' });
    const said = readFileSync(out, 'utf8');
    expect(said.startsWith(`1|${name}|`)).toBe(true);
    const names = said
      .slice(said.lastIndexOf('|') + 1)
      .trim()
      .split('\n');
    const allowed = [
      'BACKUPLENS_DECISION',
      'BACKUPLENS_EVENT_ID',
      'BACKUPLENS_PATH',
      'BACKUPLENS_SHA256',
      'PATH',
    ];
    // A path with a newline in it shows as more lines; the shell adds its own PWD and _.
    expect(
      names.filter((one) => /^[A-Z_0-9]+$/.test(one) && !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(one)),
    ).toEqual(allowed);
  });

  test('that fails, says so in a bounded line; one that takes too long is ended with all it has started', async () => {
    const failed = await runHook(hook('yes no | head -c 100000 >&2; exit 3'), event('/a'));
    expect(failed.ok).toBe(false);
    expect(failed.detail).toMatch(/^the hook ended with 3: no/);
    expect(failed.detail.length).toBeLessThan(600);
    const pid = join(store.root, 'pid');
    const late = await runHook(hook(`sleep 600 & echo $! > '${pid}'; wait`, 1500), event('/a'));
    expect(late).toMatchObject({ ok: false, detail: expect.stringContaining('took longer than 1500 ms') });
    await expect
      .poll(() => existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}/exe`), { timeout: 20_000 })
      .toBe(false);
  });

  test('gets a name that is no text byte by byte, as its argument and in its environment', async () => {
    const out = join(store.root, 'said');
    const name = Buffer.concat([Buffer.from(`${approved}/a b'\n=\\ caf`), Buffer.from([0xe9, 0xff, 0x80])]);
    const said = `printf '%s|%s|%s|%s' "$#" "$1" "$BACKUPLENS_PATH" "$BACKUPLENS_EVENT_ID" > '${out}'`;
    const { eventId } = event('/a');
    const told = await runHook(hook(said), { ...event('/a'), path: name });
    expect(told).toEqual({ ok: true, detail: 'the hook ended with 0' });
    const between = Buffer.from('|');
    const wanted = [Buffer.from('1'), between, name, between, name, between, Buffer.from(eventId)];
    expect(readFileSync(out)).toEqual(Buffer.concat(wanted));
    const failed = await runHook(hook('echo no >&2; exit 3'), { ...event('/a'), path: name });
    expect(failed).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/^the hook ended with \d+: no/),
    });
  });

  test('must be an absolute path of a program', async () => {
    await expect(assertHook({ ...hook(''), program: '/a=b' })).rejects.toMatchObject({ code: 'BL_CONFIG' });
    await expect(assertHook({ ...hook(''), program: 'sh' })).rejects.toMatchObject({ code: 'BL_CONFIG' });
    await expect(assertHook({ ...hook(''), program: join(store.root, 'none') })).rejects.toMatchObject({
      code: 'BL_CONFIG',
    });
    await assertHook(hook(''));
    const gone = { ...hook(''), program: join(store.root, 'none') };
    expect(await runHook(gone, event('/a'))).toMatchObject({
      ok: false,
      detail: expect.stringContaining('cannot be run'),
    });
  });
});

test('the breaker trips for the rule that took too many within its window', async () => {
  const now = new Date('2026-11-28T12:00:00.000Z');
  const asked: string[] = [];
  const counts: Record<string, number> = { a: 4, b: 5 };
  const count = async (rule: string, since: string) => {
    asked.push(since);
    return counts[rule] ?? 0;
  };
  const breaker = { ...BREAKER, limit: 5 };
  expect(await trippedRule(['a', 'c'], now, breaker, count)).toBe(null);
  expect(await trippedRule(['a', 'b'], now, breaker, count)).toBe('b');
  expect(new Set(asked)).toEqual(new Set(['2026-11-28T11:00:00.000Z']));
});

describe('managed folders', () => {
  test('that are the same, or lie in each other, are refused, through links too', async () => {
    const a = join(store.root, 'a');
    mkdirSync(a);
    await assertApart({ A: a, B: join(store.root, 'ab'), C: null, D: join(store.root, 'not', 'there') });
    for (const inside of [a, join(a, 'b'), join(a, 'not', 'there'), `${a}/`]) {
      await expect(assertApart({ A: a, B: inside })).rejects.toMatchObject({ code: 'BL_CONFIG' });
    }
  });

  test('of another installation are refused, unless they are taken over', async () => {
    await ownFolders([approved, null], 'one');
    await ownFolders([approved], 'one');
    await expect(ownFolders([approved], 'two')).rejects.toMatchObject({
      code: 'BL_CONFIG',
      hint: expect.stringContaining('rebuild'),
    });
    await ownFolders([approved], 'two', { takeOver: true });
    await expect(ownFolders([approved], 'one')).rejects.toThrow(/another installation \(two\)/);
  });

  test('that hold something a store must know of are told of', async () => {
    const places = { quarantineDir: store.quarantineDir, reviewDir: store.reviewDir };
    expect(await leftOver(places, [store.incoming])).toBe(null);
    await disposeOf(store, 'a', 'x', 'manual_review');
    expect(await leftOver(places)).toMatch(/held for review/);
    await disposeOf(store, 'b', 'x');
    expect(await leftOver(places)).toMatch(/in quarantine/);
    mkdirSync(join(store.incoming, '.backuplens-claim-x'));
    const none = { quarantineDir: join(store.root, 'none'), reviewDir: null };
    expect(await leftOver(none, [store.incoming])).toMatch(/being moved/);
  });

  test('files in claims of a lost store get their names back, at any depth, and overwrite nothing', async () => {
    const deep = join(store.incoming, 'deep', 'er');
    mkdirSync(deep, { recursive: true });
    for (const [folder, name] of [
      [store.incoming, 'a\n'],
      [deep, 'b'],
    ] as const) {
      const claim = join(folder, '.backuplens-claim-20261128T120000000Z-0123456789ab');
      mkdirSync(claim);
      writeFileSync(join(folder, name), 'claimed');
      renameSync(join(folder, name), join(claim, name));
    }
    writeFileSync(join(deep, 'b'), 'newer');
    const back = [];
    for await (const path of putBackOrphans(store.incoming)) back.push(path.toString());
    expect(back.toSorted()).toEqual(
      [join(store.incoming, 'a\n'), `${join(deep, 'b')}.20261128T120000000Z-0123456789ab`].toSorted(),
    );
    expect(readFileSync(join(deep, 'b'), 'utf8')).toBe('newer');
    expect(entries(deep).some((name) => name.startsWith('.'))).toBe(false);
  });
});
