import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  backUpStore,
  checkStore,
  openStore,
  openStoreForReading,
  restoreStore,
  setStoreAside,
  type OpenOptions,
  type Store,
} from '../src/store/index.ts';
import { MIGRATIONS } from '../src/store/sqlite/migrations.ts';
import { approved, sighting } from './kit/store/makers.ts';

const HOLDER = fileURLToPath(new URL('./kit/store/holder.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;

let root: string;
let dataDir: string;
let onEnd: (() => void | Promise<void>)[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'store-faults-'));
  dataDir = join(root, 'data');
  onEnd = [() => rmSync(root, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const end of onEnd.toReversed()) await end();
});

const open = async (more: Partial<OpenOptions> = {}): Promise<Store> =>
  openStore({ dataDir, who: 'a test', what: 'a test', waitMs: 0, leftOver: async () => null, ...more });
const path = (name = 'store.sqlite') => join(dataDir, name);

/** A store with one approved file, closed. */
async function made(): Promise<void> {
  const store = await open();
  await store.files.recordAt(sighting('/in/a'), approved());
  await store.close();
}

/** What it says when it cannot be opened. */
async function fault(opening: Promise<Store>): Promise<{ code: string; message: string; hint: string }> {
  try {
    await (await opening).close();
  } catch (error) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return error as { code: string; message: string; hint: string };
  }
  throw new Error('it was opened');
}

test('a new store is private, and every connection keeps what it has said through a power cut', async () => {
  const store = await open();
  expect(lstatSync(dataDir).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(dataDir))
    expect([name, lstatSync(path(name)).mode & 0o077]).toEqual([name, 0]);
  await store.close();
  const database = new DatabaseSync(path());
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length });
  database.close();
});

describe('a store that is not as it was left', () => {
  test('damaged in its middle: what is read says so with the next step, and the check finds it', async () => {
    await made();
    const file = openSync(path(), 'r+');
    // Every page but the first, whatever tables they hold.
    const { size } = lstatSync(path());
    writeSync(file, Buffer.alloc(size - 4096, 0x5a), 0, size - 4096, 4096);
    closeSync(file);
    const said = await fault(open());
    expect(said).toMatchObject({ code: 'BL_STORE', message: `the store ${path()}: it is damaged` });
    expect(said.hint).toContain('backuplens store restore');
    expect((await checkStore(dataDir)).length).toBeGreaterThan(0);
  });

  test('cut short, in whole pages or not: refused', async () => {
    await made();
    const { size } = lstatSync(path());
    for (const length of [size - 4096, size - 1, 8192, 150, 99]) {
      const file = openSync(path(), 'r+');
      ftruncateSync(file, length);
      closeSync(file);
      expect(await fault(open())).toMatchObject({
        code: 'BL_STORE',
        message: expect.stringContaining('it is damaged'),
      });
    }
  });

  test('no database at all, and a database that is none of ours: refused, and not touched', async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(path(), 'x'.repeat(10_000), { mode: 0o600 });
    expect((await fault(open())).message).toContain('it is no database');
    rmSync(path());
    const other = new DatabaseSync(path());
    other.exec(
      'create table customers (name text); insert into customers values (1); pragma user_version = 1',
    );
    other.close();
    const before = readFileSync(path());
    expect((await fault(open())).message).toContain('no store of BackupLens');
    expect(readFileSync(path()).equals(before)).toBe(true);
  });

  test('made by a newer BackupLens: refused, for writing and for reading', async () => {
    await made();
    const database = new DatabaseSync(path());
    database.exec(`pragma user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    for (const opening of [async () => open(), async () => openStoreForReading({ dataDir })]) {
      expect(await fault(opening())).toMatchObject({
        code: 'BL_STORE',
        message: expect.stringContaining('newer BackupLens'),
        hint: expect.stringContaining('backups'),
      });
    }
  });

  test('missing while something lies about that it must know of: not begun anew', async () => {
    const said = await fault(open({ leftOver: async () => 'something in quarantine (/q)' }));
    expect(said).toMatchObject({
      code: 'BL_STORE',
      message: `there is no store in ${dataDir}, but there is something in quarantine (/q)`,
      hint: expect.stringContaining('store rebuild'),
    });
    expect(existsSync(path())).toBe(false);
    await made();
    await (await open({ leftOver: async () => 'something' })).close();
  });

  test('an empty file is what a full disk left: a new store, unless something lies about', async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(path(), '', { mode: 0o600 });
    expect((await fault(open({ leftOver: async () => 'something' }))).code).toBe('BL_STORE');
    await (await open()).close();
  });
});

describe('where the store lies', () => {
  test.each([
    [0x6969n, 'NFS'],
    [0xff534d42n, 'CIFS'],
    [-11_317_950n, 'CIFS'],
    [0x01021997n, '9p'],
    [0x65735546n, 'FUSE'],
  ])(
    'a file system of type %s (%s) is refused with advice, before anything is written',
    async (type, name) => {
      const said = await fault(open({ fileSystemType: async () => type }));
      expect(said).toMatchObject({ code: 'BL_STORE', message: expect.stringContaining(` lies on ${name}`) });
      expect(said.hint).toMatch(/local disk.*named volume/);
      expect(readdirSync(dataDir)).toEqual([]);
    },
  );

  test.each([0xef53n, 0x01021994n, 0x58465342n, 0x9123683en, 0x794c7630n])(
    'type %s is local',
    async (type) => {
      const store = await open({ fileSystemType: async () => type });
      expect(await store.instanceId()).toMatch(/^[0-9a-f-]{36}$/);
      await store.close();
    },
  );

  test('a folder that others can write to, or a link to one, is refused', async () => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o777);
    expect(await fault(open())).toMatchObject({ code: 'BL_CONFIG', hint: `run: chmod go-w ${dataDir}` });
    chmodSync(dataDir, 0o700);
    const link = join(root, 'link');
    symlinkSync(dataDir, link);
    expect((await fault(open({ dataDir: link }))).message).toBe(`${link} is a symbolic link`);
  });
});

describe('two at once', () => {
  test('in one process: the second is told who holds it, and gets it when the first lets go', async () => {
    const first = await open({ what: 'backuplens-pipeline' });
    const said = await fault(open());
    expect(said.code).toBe('BL_STORE_LOCKED');
    expect(said.message).toMatch(
      new RegExp(`^backuplens-pipeline \\(pid ${process.pid} on .*, since 20.*Z\\) is at work`),
    );
    const second = open({ waitMs: 60_000 });
    await first.files.accept([sighting('/in/a')]);
    await first.close();
    expect((await (await second).counts()).files.waiting).toBe(1);
    await (await second).close();
  });

  test('in two processes; and a dead one holds nothing', async () => {
    const child = spawn(process.execPath, [HOLDER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    onEnd.push(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const said = await fault(open());
    expect(said).toMatchObject({ code: 'BL_STORE_LOCKED' });
    expect(said.message).toContain(`the holder (pid ${child.pid} on `);
    const reader = await openStoreForReading({ dataDir });
    expect((await reader.counts()).files.scanning).toBe(1);
    await reader.close();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const store = await open();
    expect(await store.counts()).toMatchObject({ suspect: 1, files: { waiting: 1, scanning: 0 } });
    await store.close();
  });

  test('a stranger who holds the database is waited for, and then told of', async () => {
    const store = await open();
    const stranger = new DatabaseSync(path());
    stranger.exec('begin immediate');
    await expect(store.files.accept([sighting('/in/a')])).rejects.toMatchObject({
      code: 'BL_STORE',
      message: expect.stringContaining('another process keeps it busy'),
    });
    stranger.exec('rollback');
    stranger.close();
    expect((await store.files.accept([sighting('/in/a')])).accepted).toHaveLength(1);
    await store.close();
  });
});

/** A file system of its own in memory. */
function small(): string {
  const place = mkdtempSync(join(tmpdir(), 'store-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=700', 'tmpfs', place]);
  onEnd.push(() => {
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true });
  });
  return place;
}

describe.skipIf(!isRoot)('on file systems that only root can make', () => {
  test('a full disk: what could not be written did not happen, and it goes on when there is room', async () => {
    dataDir = join(small(), 'data');
    const store = await open();
    const filler = join(dataDir, '..', 'filler');
    const { bavail, bsize } = statfsSync(dataDir);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    const many = Array.from({ length: 1000 }, (_, at) => sighting(`/in/${'x'.repeat(500)}/${at}`));
    await expect(store.files.accept(many)).rejects.toMatchObject({
      code: 'BL_STORE',
      message: expect.stringContaining('no space is left'),
    });
    expect((await store.counts()).files.waiting).toBe(0);
    rmSync(filler);
    expect((await store.files.accept(many)).accepted).toHaveLength(1000);
    expect((await store.journal.verify()).broken).toBe(null);
    await store.close();
    expect(await checkStore(dataDir)).toEqual([]);
  });

  test('a disk that is full from the start: refused, and a store later', async () => {
    const place = small();
    dataDir = join(place, 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    const { bavail, bsize } = statfsSync(place);
    writeFileSync(join(place, 'filler'), Buffer.alloc(bavail * bsize));
    expect(await fault(open())).toMatchObject({ code: 'BL_STORE' });
    rmSync(join(place, 'filler'));
    await (await open()).close();
  });

  test('a read-only file system: refused with the reason', async () => {
    const place = small();
    dataDir = join(place, 'data');
    await made();
    execFileSync('mount', ['-o', 'remount,ro', place]);
    const said = await fault(open());
    expect(said.code).toBe('BL_STORE');
    expect(`${said.message} ${said.hint}`).toMatch(/read-only/);
    execFileSync('mount', ['-o', 'remount,rw', place]);
    await (await open()).close();
  });
});

describe('backup and restore', () => {
  test('a backup is one private file, whole while somebody writes, and never written over', async () => {
    const store = await open();
    const writing = store.files.accept(Array.from({ length: 1000 }, (_, at) => sighting(`/in/${at}`)));
    const target = join(root, 'backup.sqlite');
    await backUpStore(dataDir, target);
    await writing;
    expect(lstatSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(root).toSorted()).toEqual(['backup.sqlite', 'data']);
    await expect(backUpStore(dataDir, target)).rejects.toMatchObject({ message: `${target} exists already` });
    const id = await store.instanceId();
    await store.close();
    const aside = await restoreStore(dataDir, target, 'a test');
    expect(existsSync(path(aside ?? ''))).toBe(true);
    const back = await open();
    expect(await back.instanceId()).toBe(id);
    await back.close();
  });

  test('a backup that is damaged, or none, leaves the store as it was', async () => {
    await made();
    const before = readFileSync(path());
    const bad = join(root, 'bad.sqlite');
    copyFileSync(path(), bad);
    const file = openSync(bad, 'r+');
    writeSync(file, Buffer.alloc(8192, 0x5a), 0, 8192, 8192);
    closeSync(file);
    for (const source of [bad, join(root, 'none'), '/dev/null']) {
      await expect(restoreStore(dataDir, source, 'a test')).rejects.toMatchObject({ code: 'BL_STORE' });
    }
    expect(readFileSync(path()).equals(before)).toBe(true);
    expect(readdirSync(dataDir).filter((name) => /restoring|replaced/.test(name))).toEqual([]);
  });

  test('nothing is restored or set aside under somebody who holds the store', async () => {
    const store = await open();
    const target = join(root, 'backup.sqlite');
    await backUpStore(dataDir, target);
    await expect(restoreStore(dataDir, target, 'x')).rejects.toMatchObject({ code: 'BL_STORE_LOCKED' });
    await expect(setStoreAside(dataDir, 'x')).rejects.toMatchObject({ code: 'BL_STORE_LOCKED' });
    await store.close();
    expect(await setStoreAside(dataDir, 'x')).toMatch(/^replaced-/);
    expect(existsSync(path())).toBe(false);
  });
});
