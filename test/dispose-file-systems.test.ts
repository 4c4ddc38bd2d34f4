import { createHash, randomBytes } from 'node:crypto';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectQuarantined, listQuarantine } from '../src/dispose/index.ts';
import {
  disposeOf,
  entries,
  journal,
  newStore,
  requestFor,
  sha256,
  type Store,
  dispose,
  restore,
  recover,
  verify,
} from './kit/dispose/store.ts';

const MIB = 1024 * 1024;
const CHILD = fileURLToPath(new URL('./kit/dispose/child.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;

let store: Store;
let file: string;
let onEnd: (() => void | Promise<void>)[];
beforeEach(async () => {
  store = await newStore();
  file = join(store.incoming, 'nightly.tar');
  onEnd = [async () => store.remove()];
});
afterEach(async () => {
  for (const end of onEnd.toReversed()) await end();
});

/** A file system of its own in memory; only root can mount one. */
function smallFileSystem(options = 'size=4m'): string {
  const place = mkdtempSync(join(tmpdir(), 'backuplens-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place]);
  onEnd.push(() => {
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true });
  });
  return place;
}

/** Runs the child as a user who is not root, and owns these folders. */
async function asSomeone(action: string, owned: readonly string[]) {
  await store.close();
  const nobody = 65_534;
  chmodSync(store.root, 0o755);
  for (const folder of [store.quarantineDir, store.reviewDir]) mkdirSync(folder, { mode: 0o700 });
  rmSync(store.dataDir, { recursive: true });
  mkdirSync(store.dataDir, { mode: 0o700 });
  if (isRoot) for (const folder of [...owned, store.dataDir]) chownSync(folder, nobody, nobody);
  const args = [CHILD, action, '', store.where, file];
  return spawnSync(process.execPath, args, {
    encoding: 'utf8',
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
}

const allocated = (path: string) => lstatSync(path).blocks * 512;

test('quarantine and review work on another file system, there and back', async () => {
  const elsewhere = await newStore('/dev/shm');
  onEnd.push(async () => elsewhere.remove());
  expect(statSync(elsewhere.root).dev).not.toBe(statSync(store.root).dev);
  const places = store.with({ quarantineDir: elsewhere.quarantineDir, reviewDir: elsewhere.reviewDir });
  writeFileSync(file, 'far away');
  const { action, id } = await dispose(requestFor(places, file, 'quarantine'));
  expect(action).toBe('quarantined');
  await restore(places, id ?? '');
  expect(readFileSync(file, 'utf8')).toBe('far away');
  const held = await dispose(requestFor(places, file, 'manual_review'));
  expect(readFileSync(join(held.location, 'content'), 'utf8')).toBe('far away');
  expect(entries(store.incoming)).toEqual([]);
});

test('a sparse file stays sparse in quarantine, under review and when it is back', async () => {
  const size = 64 * MIB + 12_345;
  const image = openSync(file, 'w');
  ftruncateSync(image, size);
  writeSync(image, 'superblock', 70_000);
  writeSync(image, 'the end', size - 7);
  closeSync(image);
  const bytes = readFileSync(file);
  expect(allocated(file)).toBeLessThan(MIB);
  const { id, location } = await dispose(requestFor(store, file, 'quarantine'));
  expect(lstatSync(location).size).toBeGreaterThan(size);
  expect(allocated(location)).toBeLessThan(MIB);
  await restore(store, id ?? '');
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(allocated(file)).toBeLessThan(MIB);
  const held = await dispose(requestFor(store, file, 'manual_review'));
  expect(readFileSync(join(held.location, 'content')).equals(bytes)).toBe(true);
  expect(allocated(join(held.location, 'content'))).toBeLessThan(MIB);
});

test('200 MB are quarantined and restored in memory that does not grow with them', async () => {
  await store.close();
  expect(peak(200) - peak(50)).toBeLessThan(60);
});

/** Of a process that quarantines and restores a file of that size. */
function peak(megabytes: number): number {
  const hash = writeNoise(file, megabytes);
  const args = [CHILD, 'there-and-back', '', store.where, file, hash];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { status, sha256: restored, peakMiB } = JSON.parse(stdout);
  expect([status, restored]).toEqual(['restored', hash]);
  return Number(peakMiB);
}

/** The SHA-256 of what it wrote. */
function writeNoise(path: string, megabytes: number): string {
  const hash = createHash('sha256');
  const written = openSync(path, 'w');
  for (let at = 0; at < megabytes; at++) {
    const part = randomBytes(MIB);
    writeSync(written, part);
    hash.update(part);
  }
  closeSync(written);
  return hash.digest('hex');
}

describe.skipIf(!isRoot)('with file systems and users that only root can make', () => {
  test.each(['quarantine', 'manual_review'] as const)(
    'a disk that is full before %s leaves the file in place',
    async (decision) => {
      const small = smallFileSystem();
      const places = store.with({
        quarantineDir: join(small, 'quarantine'),
        reviewDir: join(small, 'review'),
      });
      writeFileSync(file, Buffer.alloc(5 * MIB, 'x'));
      const done = await dispose(requestFor(places, file, decision));
      expect(done).toMatchObject({ action: 'failed', location: file });
      expect(done.detail).toMatch(/^not enough space in .*: \d+ bytes needed, \d+ free$/);
      expect(readFileSync(file)).toHaveLength(5 * MIB);
    },
  );

  test.each(['quarantine', 'manual_review'] as const)(
    'a disk that fills up during %s leaves the file in place, and nothing half left',
    async (decision) => {
      const small = smallFileSystem();
      const places = store.with({
        quarantineDir: join(small, 'quarantine'),
        reviewDir: join(small, 'review'),
      });
      writeFileSync(file, Buffer.alloc(3 * MIB, 'x'));
      const done = await dispose({
        ...requestFor(places, file, decision),
        onStep: (step) => {
          if (step === 'checked') writeFileSync(join(small, 'another program’s'), Buffer.alloc(2 * MIB));
        },
      });
      expect(done).toMatchObject({ action: 'failed', location: file });
      expect(done.detail).toMatch(/space/);
      expect(readFileSync(file)).toHaveLength(3 * MIB);
      expect(entries(store.incoming)).toEqual(['nightly.tar']);
      expect([...entries(places.quarantineDir), ...entries(places.reviewDir ?? '')]).toEqual([]);
      expect(await recover(places)).toEqual([]);
    },
  );

  test('a store that cannot be written any more undoes the move, and goes on when there is room', async () => {
    const small = smallFileSystem();
    await store.close();
    store.dataDir = join(small, 'data');
    await store.open();
    const filler = join(small, 'filler');
    writeFileSync(file, 'x');
    const done = await dispose({
      ...requestFor(store, file, 'quarantine'),
      onStep: (step) => {
        if (step !== 'stored') return;
        const { bavail, bsize } = statfsSync(small);
        writeFileSync(filler, Buffer.alloc(bavail * bsize));
      },
    });
    expect(done).toMatchObject({ action: 'failed', location: file });
    expect(done.detail).toMatch(/no space is left/);
    expect(readFileSync(file, 'utf8')).toBe('x');
    expect(entries(store.quarantineDir)).toEqual([]);
    rmSync(filler);
    await store.close();
    await store.open();
    expect(await recover(store)).toMatchObject([{ action: 'undone', location: file }]);
    expect((await dispose(requestFor(store, file, 'quarantine'))).action).toBe('quarantined');
    expect((await journal(store)).map(({ action }) => action)).toEqual(['put_back', 'quarantined']);
    expect((await verify(store)).broken).toBe(null);
    await store.close();
  });

  test('a restoration to a disk that is full leaves the item in quarantine', async () => {
    const small = smallFileSystem('size=1m');
    const { id } = await disposeOf(store, 'nightly.tar', Buffer.alloc(2 * MIB, 'x'));
    const restoring = restore(store, id ?? '', { to: join(small, 'back') });
    await expect(restoring).rejects.toMatchObject({ code: 'BL_DISPOSITION' });
    expect(entries(small)).toEqual([]);
    const found = await inspectQuarantined(store.quarantineDir, id ?? '', { verify: true });
    expect(found?.item.damaged).toBe(null);
    expect(entries(store.quarantineDir)).toEqual([`${id}.blq`, `${id}.json`]);
  });

  test('a file on a read-only file system stays in place, and that is told', async () => {
    const small = smallFileSystem();
    const source = join(small, 'nightly.tar');
    writeFileSync(source, 'x');
    execFileSync('mount', ['-o', 'remount,ro', small]);
    const done = await dispose(requestFor(store, source, 'quarantine'));
    expect(done).toMatchObject({ action: 'failed', location: source, id: null });
    expect(done.detail).toMatch(/EROFS|read-only/i);
    expect(readFileSync(source, 'utf8')).toBe('x');
    expect(entries(store.quarantineDir)).toEqual([]);
  });

  test('another user’s file that was changed is put back where link() is not allowed', async () => {
    writeFileSync(file, 'root’s own');
    const { ino } = lstatSync(file);
    const { stdout, stderr } = await asSomeone('wrong-hash', [
      store.incoming,
      store.quarantineDir,
      store.reviewDir,
    ]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ action: 'failed', location: file });
    expect(lstatSync(file)).toMatchObject({ ino, uid: 0 });
    expect(entries(store.incoming)).toEqual(['nightly.tar']);
  });

  test('another user’s file is quarantined from a folder that is ours, and its inode is not modified', async () => {
    const other = join(store.incoming, 'other name');
    writeFileSync(file, 'root’s own');
    linkSync(file, other);
    const { mode, mtimeMs } = lstatSync(file);
    const { stderr } = await asSomeone('quarantine', [store.incoming, store.quarantineDir, store.reviewDir]);
    expect(stderr).toBe('');
    expect(existsSync(file)).toBe(false);
    expect(lstatSync(other)).toMatchObject({ mode, mtimeMs, uid: 0 });
    expect(entries(store.quarantineDir)).toHaveLength(2);
  });
});

test('a file in a folder that we may not change stays in place, and that is told', async () => {
  writeFileSync(file, 'x');
  chmodSync(store.incoming, 0o555);
  const { stdout, stderr } = await asSomeone('quarantine', [store.quarantineDir, store.reviewDir]);
  chmodSync(store.incoming, 0o755);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    action: 'failed',
    location: file,
    id: null,
    detail: 'permission denied',
  });
  expect(readFileSync(file, 'utf8')).toBe('x');
  expect(entries(store.incoming)).toEqual(['nightly.tar']);
  expect(entries(store.quarantineDir)).toEqual([]);
});

test('two processes that dispose at once take turns, and the journal stays one chain', async () => {
  const names = Array.from({ length: 6 }, (_, at) => join(store.incoming, `file-${at}`));
  for (const name of names) writeFileSync(name, name);
  await store.close();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let running = names.length;
  for (const name of names) {
    const child = spawn(process.execPath, [CHILD, 'quarantine', '', store.where, name]);
    child.on('error', reject);
    child.on('exit', () => --running === 0 && resolve());
  }
  await promise;
  await store.open();
  const found: string[] = [];
  for await (const item of listQuarantine(store.quarantineDir)) found.push(item.header?.sha256 ?? '');
  expect(found.toSorted()).toEqual(names.map((name) => sha256(name)).toSorted());
  expect(await verify(store)).toMatchObject({ records: 7, broken: null });
});
