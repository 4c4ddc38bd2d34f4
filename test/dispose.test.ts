import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectQuarantined, listQuarantine, type Step } from '../src/dispose/index.ts';
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
  erase,
  verify,
} from './kit/dispose/store.ts';

let store: Store;
let file: string;
beforeEach(async () => {
  store = await newStore();
  file = join(store.incoming, 'nightly.tar');
});
afterEach(() => store.remove());

const listed = async () => {
  const items = [];
  for await (const item of listQuarantine(store.quarantineDir)) items.push(item);
  return items;
};

test('a quarantined file is gone from its place, and comes back byte by byte with its mode and times', async () => {
  const bytes = Buffer.from('contents of a backup');
  writeFileSync(file, bytes);
  chmodSync(file, 0o640);
  utimesSync(file, 1_600_000_000.25, 1_500_000_000.5);
  const done = await dispose(requestFor(store, file, 'quarantine'));
  expect(done).toMatchObject({ action: 'quarantined', detail: null });
  expect(entries(store.incoming)).toEqual([]);
  expect(entries(store.quarantineDir)).toEqual([`${done.id}.blq`, `${done.id}.json`]);
  expect(done.location).toBe(join(store.quarantineDir, `${done.id}.blq`));
  expect(lstatSync(done.location).mode & 0o7777).toBe(0o400);
  expect(lstatSync(store.quarantineDir).mode & 0o7777).toBe(0o700);

  const restored = await restore(store, done.id ?? '');
  expect(restored).toMatchObject({ status: 'restored', size: bytes.length, sha256: sha256(bytes) });
  expect(readFileSync(file)).toEqual(bytes);
  const stats = lstatSync(file);
  expect(stats.mode & 0o7777).toBe(0o640);
  expect(stats.mtimeMs).toBe(1_500_000_000_500);
  expect(entries(store.quarantineDir)).toEqual([]);
  expect((await journal(store)).map((line) => line.action)).toEqual(['quarantined', 'restored']);
});

test('an approved file is not touched, and no folder is made', async () => {
  const done = await disposeOf(store, 'nightly.tar', 'clean', 'auto_approve');
  expect(done).toEqual({ action: 'none', location: file, id: null, detail: null });
  expect(existsSync(file)).toBe(true);
  expect(existsSync(store.quarantineDir)).toBe(false);
});

test('a held file lies in a private folder of its own, readable but neither runnable nor named', async () => {
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o4755);
  const done = await dispose(requestFor(store, file, 'manual_review'));
  expect(done).toMatchObject({ action: 'held', location: join(store.reviewDir, done.id ?? '') });
  expect(readdirSync(done.location).toSorted()).toEqual(['content', 'item.json', 'report.json']);
  expect(lstatSync(done.location).mode & 0o7777).toBe(0o700);
  expect(readFileSync(join(done.location, 'content'), 'utf8')).toBe('#!/bin/sh\n');
  expect(lstatSync(join(done.location, 'content')).mode & 0o7777).toBe(0o400);
  const item: unknown = JSON.parse(readFileSync(join(done.location, 'item.json'), 'utf8'));
  expect(item).toMatchObject({ format: 'backuplens.held/1', mode: '4755', origin: { path: file } });
  expect(entries(store.incoming)).toEqual([]);
});

test('an empty file can be quarantined and restored', async () => {
  const { id } = await disposeOf(store, 'nightly.tar', '');
  await restore(store, id ?? '');
  expect(readFileSync(file)).toHaveLength(0);
});

test('a setuid file comes back without setuid, setgid and sticky', async () => {
  writeFileSync(file, 'x');
  chmodSync(file, 0o7755);
  const { id } = await dispose(requestFor(store, file, 'quarantine'));
  expect((await listed())[0]?.header?.mode).toBe('7755');
  await restore(store, id ?? '');
  expect(lstatSync(file).mode & 0o7777).toBe(0o755);
});

test('two files of one name both stay, side by side', async () => {
  const one = await disposeOf(store, 'nightly.tar', 'monday');
  const two = await disposeOf(store, 'nightly.tar', 'tuesday');
  expect((await listed()).map((item) => item.header?.sha256 ?? '').toSorted()).toEqual(
    [sha256('monday'), sha256('tuesday')].toSorted(),
  );
  await restore(store, two.id ?? '');
  await expect(restore(store, one.id ?? '')).rejects.toMatchObject({
    code: 'BL_DISPOSITION',
    message: `${file} exists already`,
  });
  expect(readFileSync(file, 'utf8')).toBe('tuesday');
  expect(await listed()).toHaveLength(1);
  expect(entries(store.incoming)).toEqual(['nightly.tar']);
});

test('of two items with the same bytes one is deleted, and the other comes back', async () => {
  const one = await disposeOf(store, 'nightly.tar', 'the same');
  const two = await disposeOf(store, 'nightly.tar', 'the same');
  expect(await erase(store, one.id ?? '', 'not needed')).toBe(true);
  await restore(store, two.id ?? '');
  expect(readFileSync(file, 'utf8')).toBe('the same');
});

test('many files at once are all moved, and the journal is one chain', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `file-${at}`);
  const done = await Promise.all(
    names.map((name, at) => disposeOf(store, name, name, at % 2 === 0 ? 'quarantine' : 'manual_review')),
  );
  expect(done.map((one) => one.action)).toEqual(
    names.map((_, at) => (at % 2 === 0 ? 'quarantined' : 'held')),
  );
  expect(await verify(store)).toMatchObject({ records: 21, broken: null });
  expect(entries(store.incoming)).toEqual([]);
});

test('the other names of a hard-linked file stay untouched, and are told', async () => {
  writeFileSync(file, 'generation 1');
  const other = join(store.incoming, 'generation-0.tar');
  linkSync(file, other);
  const before = lstatSync(other, { bigint: true });
  const done = await dispose(requestFor(store, file, 'quarantine'));
  expect(done.detail).toBe('another name of this file (a hard link) is still where it was');
  expect(existsSync(file)).toBe(false);
  const after = lstatSync(other, { bigint: true });
  expect([after.ino, after.mode, after.mtimeNs]).toEqual([before.ino, before.mode, before.mtimeNs]);
  expect(readFileSync(other, 'utf8')).toBe('generation 1');
  expect((await listed())[0]?.header?.nlink).toBe(2);
});

test.each<[string, () => void]>([
  ['another file', () => writeFileSync(file, 'newer')],
  ['a symbolic link', () => symlinkSync('elsewhere', file)],
  ['a folder', () => mkdirSync(file)],
])('%s in the place of the scanned file is not touched', async (_what, replace) => {
  writeFileSync(file, 'scanned');
  const request = requestFor(store, file, 'quarantine');
  renameSync(file, join(store.incoming, 'moved-away'));
  replace();
  const { ino } = lstatSync(file);
  const done = await dispose(request);
  expect(done).toMatchObject({ action: 'failed', id: null, location: file });
  expect(done.detail).toMatch(/^changed since it was scanned: /);
  expect(lstatSync(file).ino).toBe(ino);
  expect(entries(store.incoming)).toEqual(['moved-away', 'nightly.tar']);
  expect(entries(store.quarantineDir)).toEqual([]);
});

test.each<[string, () => void]>([
  ['another file', () => writeFileSync(file, 'newer')],
  ['a symbolic link', () => symlinkSync('elsewhere', file)],
  ['a folder that is not empty', () => mkdirSync(join(file, 'below'), { recursive: true })],
])(
  '%s that comes at the last moment is claimed by mistake, and put back as it was',
  async (_what, replace) => {
    writeFileSync(file, 'scanned');
    let ino = 0;
    const done = await dispose({
      ...requestFor(store, file, 'quarantine'),
      onStep: (step) => {
        if (step !== 'claim_folder') return;
        renameSync(file, join(store.incoming, 'moved-away'));
        replace();
        ino = lstatSync(file).ino;
      },
    });
    expect(done).toMatchObject({ action: 'failed', location: file });
    expect(done.detail).toMatch(/^changed since it was scanned: /);
    expect(lstatSync(file).ino).toBe(ino);
    expect(entries(store.incoming)).toEqual(['moved-away', 'nightly.tar']);
    expect(entries(store.quarantineDir)).toEqual([]);
  },
);

test('a name that was taken in the meantime is not overwritten when a file is put back', async () => {
  writeFileSync(file, 'scanned');
  const request = requestFor(store, file, 'quarantine');
  writeFileSync(file, 'written');
  const done = await dispose({
    ...request,
    onStep: (step) => {
      if (step === 'claimed') writeFileSync(file, 'tonight');
    },
  });
  expect(done.action).toBe('failed');
  expect(done.detail).toBe(
    'changed since it was scanned: its bytes are others; its name had been taken, so it was put beside it',
  );
  expect(readFileSync(file, 'utf8')).toBe('tonight');
  expect(readFileSync(done.location, 'utf8')).toBe('written');
  expect(entries(store.incoming)).toHaveLength(2);
});

test('a file that cron renames into place while the old one is moved stays', async () => {
  writeFileSync(file, 'last night');
  const done = await dispose({
    ...requestFor(store, file, 'quarantine'),
    onStep: (step) => {
      if (step === 'stored') writeFileSync(file, 'tonight');
    },
  });
  expect(done.action).toBe('quarantined');
  expect(readFileSync(file, 'utf8')).toBe('tonight');
  expect((await listed())[0]?.header?.sha256).toBe(sha256('last night'));
});

test('bytes changed after the scan are found by hashing what is copied, and the file is put back', async () => {
  writeFileSync(file, 'AAAA');
  const request = requestFor(store, file, 'quarantine');
  writeFileSync(file, 'BBBB');
  const done = await dispose(request);
  expect(done).toMatchObject({
    action: 'failed',
    detail: 'changed since it was scanned: its bytes are others',
  });
  expect(readFileSync(file, 'utf8')).toBe('BBBB');
  expect(entries(store.quarantineDir)).toEqual([]);
});

test('what is written through an open descriptor while the file is moved is not lost', async () => {
  writeFileSync(file, 'A'.repeat(1000));
  const request = requestFor(store, file, 'manual_review');
  const claimed = () => join(store.incoming, readdirSync(store.incoming)[0] ?? '', 'nightly.tar');
  const done = await dispose({
    ...request,
    onStep: (step) => {
      if (step === 'checked') writeFileSync(claimed(), 'and more', { flag: 'a' });
    },
  });
  expect(done).toMatchObject({ action: 'failed', detail: 'changed while it was moved' });
  expect(readFileSync(file, 'utf8')).toMatch(/and more$/);
  expect(entries(store.reviewDir)).toEqual([]);
});

test.each<Step>(['intent', 'claim_folder', 'claimed', 'checked', 'copied', 'reported', 'stored'])(
  'a failure after "%s" leaves the file in place and nothing half done',
  async (failing) => {
    for (const decision of ['quarantine', 'manual_review'] as const) {
      writeFileSync(file, 'backup');
      const { ino } = lstatSync(file);
      const done = await dispose({
        ...requestFor(store, file, decision),
        onStep: (step) => {
          if (step === failing) throw Object.assign(new Error('planted'), { code: 'EIO' });
        },
      });
      expect(done).toMatchObject({ action: 'failed', id: null, location: file });
      expect(lstatSync(file).ino).toBe(ino);
      expect(entries(store.incoming)).toEqual(['nightly.tar']);
      expect([...entries(store.quarantineDir), ...entries(store.reviewDir)]).toEqual([]);
    }
  },
);

test('names with newlines, escapes and bytes that are not UTF-8 come back as they were', async () => {
  const names = [
    Buffer.from('a\nb\u001b[2J'),
    Buffer.from([0x63, 0x61, 0x66, 0xe9]),
    Buffer.from([0x63, 0x61, 0x66, 0xe8]),
    Buffer.alloc(255, 'n'),
    Buffer.from('-rf \u202e"\'$(x)'),
  ];
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${store.incoming}/`), name]);
    writeFileSync(path, name);
    const done = await dispose(requestFor(store, path, 'quarantine', sha256(name)));
    expect(done.action).toBe('quarantined');
    expect(existsSync(path)).toBe(false);
    expect(Buffer.from((await listed())[0]?.header?.origin.path_base64 ?? '', 'base64')).toEqual(path);
    await restore(store, done.id ?? '');
    expect(readFileSync(path)).toEqual(name);
  }
  for (const { line } of await journal(store)) expect(line).toMatch(/^[\x20-\x7e]*$/);
});

test('a folder that is a link, or that others can write to, is refused', async () => {
  writeFileSync(file, 'x');
  const asks = (over: Parameters<Store['with']>[0]) =>
    dispose(requestFor(store.with(over), file, 'quarantine'));
  const linked = join(store.root, 'linked');
  symlinkSync(store.incoming, linked);
  for (const quarantineDir of [linked, `${linked}/`]) {
    await expect(asks({ quarantineDir })).rejects.toMatchObject({
      code: 'BL_CONFIG',
      message: `${linked} is a symbolic link`,
    });
  }
  const open = join(store.root, 'open to all');
  mkdirSync(open);
  chmodSync(open, 0o770);
  await expect(asks({ reviewDir: open })).rejects.toMatchObject({
    code: 'BL_CONFIG',
    message: `${open} can be changed by others`,
    hint: `run: chmod go-w '${open}'`,
  });
  expect(readFileSync(file, 'utf8')).toBe('x');
});

test('what lies in the quarantine folder is not quarantined once more', async () => {
  const { location } = await disposeOf(store, 'nightly.tar', 'x');
  const done = await dispose(requestFor(store, location, 'quarantine'));
  expect(done).toMatchObject({
    action: 'failed',
    detail: 'it lies in the quarantine, review or approved folder already',
  });
  expect(await listed()).toHaveLength(1);
});

test('a restoration goes to another place when asked, and keeps the item when asked', async () => {
  const { id } = await disposeOf(store, 'nightly.tar', 'sample');
  const to = join(store.root, 'sample.bin');
  const restored = await restore(store, id ?? '', { to, keep: true });
  expect(restored).toMatchObject({ status: 'restored', location: Buffer.from(to) });
  expect(readFileSync(to, 'utf8')).toBe('sample');
  expect(existsSync(file)).toBe(false);
  expect(await listed()).toHaveLength(1);
});

test('a restoration follows no link: not at its end, nor on the way to where the file came from', async () => {
  const folder = join(store.incoming, 'deep', 'er');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'file');
  writeFileSync(path, 'x');
  const { id } = await dispose(requestFor(store, path, 'quarantine'));
  symlinkSync(join(store.root, 'target'), path);
  await expect(restore(store, id ?? '')).rejects.toThrow(/exists already/);
  expect(existsSync(join(store.root, 'target'))).toBe(false);
  unlinkSync(path);
  renameSync(join(store.incoming, 'deep'), join(store.root, 'elsewhere'));
  symlinkSync(join(store.root, 'elsewhere'), join(store.incoming, 'deep'));
  await expect(restore(store, id ?? '')).rejects.toThrow(/a link or no folder/);
  expect(readdirSync(join(store.root, 'elsewhere', 'er'))).toEqual([]);
  expect(await listed()).toHaveLength(1);
});

test('a restoration into a folder that is gone, or into the quarantine folder itself, is refused', async () => {
  const { id } = await disposeOf(store, 'nightly.tar', 'x');
  const to = (name: string) => restore(store, id ?? '', { to: name });
  await expect(to(join(store.root, 'gone', 'x'))).rejects.toMatchObject({ code: 'BL_DISPOSITION' });
  await expect(to(join(store.quarantineDir, 'x'))).rejects.toThrow(/lies in the quarantine folder/);
  await expect(to(`${store.root}/`)).rejects.toThrow(/is no name of a file/);
  expect(await listed()).toHaveLength(1);
});

test('a container that was tampered with, anywhere, is found and not restored', async () => {
  const { id, location } = await disposeOf(store, 'nightly.tar', 'some content of some length');
  const whole = readFileSync(location);
  chmodSync(location, 0o600);
  const changes: (readonly [Buffer, boolean])[] = [
    [flipped(whole, 3), true],
    [flipped(whole, 22), true],
    [flipped(whole, 25), true],
    [flipped(whole, whole.indexOf('"mtime_ns": "') + 14), false],
    [flipped(whole, whole.length - 40), false],
    [flipped(whole, whole.length - 1), false],
    [whole.subarray(0, -1), true],
    [Buffer.concat([whole, Buffer.from('x')]), true],
    [whole.subarray(0, 20), true],
    [Buffer.alloc(0), true],
  ];
  for (const [bytes, isSeenAtOnce] of changes) {
    writeFileSync(location, bytes);
    expect((await listed()).map((item) => item.damaged !== null)).toEqual([isSeenAtOnce]);
    const found = await inspectQuarantined(store.quarantineDir, id ?? '', { verify: true });
    expect(found?.item.damaged).toEqual(expect.any(String));
    const restored = await restore(store, id ?? '');
    expect(restored.status).toBe('damaged');
    expect(entries(store.incoming)).toEqual([]);
  }
  writeFileSync(location, whole);
  expect(await restore(store, id ?? '')).toMatchObject({ status: 'restored' });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

test('damaged items are listed as damaged beside the others, and can be deleted', async () => {
  const { id } = await disposeOf(store, 'nightly.tar', 'x');
  const bad = '20200101T000000000Z-000000000000';
  writeFileSync(join(store.quarantineDir, `${bad}.blq`), 'nonsense');
  symlinkSync('/etc/passwd', join(store.quarantineDir, '20200101T000000000Z-000000000001.blq'));
  mkdirSync(join(store.quarantineDir, '20200101T000000000Z-000000000002.blq'));
  writeFileSync(join(store.quarantineDir, 'stray.blq'), 'x');
  const items = await listed();
  expect(items.map((item) => item.damaged === null)).toEqual([false, false, false, true, false]);
  expect(items[3]?.id).toBe(id);
  // What the store does not know is nobody's to delete; what it knows may be damaged and go.
  expect(await erase(store, bad, 'it is nonsense')).toBe(false);
  chmodSync(join(store.quarantineDir, `${id}.blq`), 0o600);
  writeFileSync(join(store.quarantineDir, `${id}.blq`), 'nonsense');
  expect(await restore(store, id)).toMatchObject({ status: 'damaged' });
  expect(await erase(store, id, 'it is nonsense')).toBe(true);
  expect(await listed()).toHaveLength(4);
});

test('a deletion wants a reason, and the journal keeps it with who did it', async () => {
  const { id } = await disposeOf(store, 'nightly.tar', 'x');
  await expect(erase(store, id ?? '', ' ')).rejects.toMatchObject({
    code: 'BL_USAGE',
  });
  expect(await erase(store, id ?? '', 'confirmed by its owner')).toBe(true);
  expect(entries(store.quarantineDir)).toEqual([]);
  expect((await journal(store))[1]).toMatchObject({
    action: 'deleted',
    item: id,
    detail: 'confirmed by its owner',
  });
  expect((await journal(store))[1]?.who).toBe('a test');
  expect(await erase(store, id ?? '', 'again')).toBe(false);
  expect(await restore(store, id ?? '')).toEqual({ status: 'missing' });
});
