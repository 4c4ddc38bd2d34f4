import { spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { entriesOf, ENTRIES, optionsIn, valueOf } from '../../test/kit/cache/entries.ts';
import { VerdictCache } from './verdict-cache.ts';

const WRITER = new URL('../../test/kit/cache/writer.ts', import.meta.url).pathname;
const HOUR_MS = 3_600_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-'));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

const path = (): string => join(folder, 'verdicts.sqlite');
const opened = async (more: Partial<Parameters<typeof VerdictCache.open>[0]> = {}): Promise<VerdictCache> =>
  VerdictCache.open({ ...optionsIn(folder), ...more });
const found = (cache: VerdictCache, name: string): number =>
  entriesOf(name).filter(({ key }) =>
    cache.get('engine', Buffer.from(key))?.equals(valueOf(Buffer.from(key))),
  ).length;

const keyed = (index: number): Buffer => Buffer.from(`a ${index}`);

/** What somebody does who can write the file, and has no key. */
function tamper(sql: string): number {
  const database = new DatabaseSync(path());
  try {
    return Number(database.prepare(sql).run().changes);
  } finally {
    database.close();
  }
}

test('what is kept is found again, also by the next process; what was not kept is not', async () => {
  const cache = await opened();
  cache.keep(entriesOf('a'));
  expect([found(cache, 'a'), found(cache, 'b')]).toEqual([ENTRIES, 0]);
  await cache.close();
  const again = await opened();
  expect([found(again, 'a'), found(again, 'b')]).toEqual([ENTRIES, 0]);
  expect(again.state).toMatchObject({ off: null, refused: 0, put_aside: null, not_kept: 0 });
  expect((await stat(path())).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
  await again.close();
});

test('an entry that was edited, moved to another key or made younger is not believed, and is counted', async () => {
  const kept = await opened();
  kept.keep(entriesOf('a'));
  await kept.close();
  const hex = (index: number): string => `x'${keyed(index).toString('hex')}'`;
  tamper(`UPDATE entries SET value = zeroblob(length(value)) WHERE key = ${hex(1)}`);
  tamper(`UPDATE entries SET made = made + 1 WHERE key = ${hex(2)}`);
  tamper(`UPDATE entries SET kind = 1 WHERE key = ${hex(3)}`);
  tamper(
    `UPDATE entries SET (value, seal) = (SELECT value, seal FROM entries WHERE key = ${hex(5)}) WHERE key = ${hex(4)}`,
  );
  tamper(`UPDATE entries SET seal = x'' WHERE key = ${hex(6)}`);
  const cache = await opened();
  expect([1, 2, 4, 6].map((index) => cache.get('engine', keyed(index)))).toEqual([null, null, null, null]);
  expect(cache.get('tree', keyed(3))).toBeNull();
  expect(cache.get('engine', keyed(5))).toEqual(valueOf(keyed(5)));
  expect(cache.state.refused).toBe(5);
  // They are gone: each is told of once.
  expect(cache.get('engine', keyed(1))).toBeNull();
  expect(cache.state.refused).toBe(5);
  await cache.close();
});

test('entries of another trust domain, or sealed with another key, are not believed', async () => {
  const ours = await opened();
  ours.keep(entriesOf('a'));
  await ours.close();
  const service = await opened({ domain: 'service' });
  expect([found(service, 'a'), service.state.refused]).toEqual([0, ENTRIES]);
  await service.close();
  const again = await opened();
  again.keep(entriesOf('b'));
  await again.close();
  await rm(join(folder, 'key'));
  const foreign = await opened();
  expect([found(foreign, 'b'), foreign.state.refused]).toEqual([0, ENTRIES]);
  await foreign.close();
});

test('a key or folder that others can read or write is not used', async () => {
  await (await opened()).close();
  await chmod(join(folder, 'key'), 0o644);
  const read = await opened();
  read.keep(entriesOf('a'));
  expect([found(read, 'a'), read.state.off]).toEqual([0, expect.stringContaining('can be read by others')]);
  await chmod(join(folder, 'key'), 0o600);
  await chmod(folder, 0o777);
  expect((await opened()).state.off).toContain('can be changed by others');
});

test('what is older than asked for, or comes from the future, is not given', async () => {
  const now = Date.now();
  const cache = await opened();
  cache.keep(entriesOf('a', now - 2 * HOUR_MS));
  cache.keep(entriesOf('b', now + 2 * HOUR_MS));
  expect(cache.get('engine', Buffer.from('a 1'), now - HOUR_MS)).toBeNull();
  expect(cache.get('engine', Buffer.from('a 1'), now - 3 * HOUR_MS)).not.toBeNull();
  expect(cache.get('engine', Buffer.from('b 1'))).toBeNull();
  await cache.close();
});

test('a damaged cache is put aside and said, and a new one takes its place', async () => {
  for (const damage of ['noise', 'short', 'another', 'foreign'] as const) {
    await rm(path(), { force: true });
    const whole = await opened();
    for (let at = 0; at < 10; at++) whole.keep(entriesOf(`a${at}`));
    await whole.close();
    if (damage === 'noise') await writeFile(path(), Buffer.alloc(50_000, 'no database '));
    if (damage === 'short') await truncate(path(), 20_000);
    if (damage === 'another') {
      const database = new DatabaseSync(path());
      database.exec('PRAGMA user_version = 99');
      database.close();
    }
    if (damage === 'foreign') {
      const database = new DatabaseSync(path());
      database.exec('DROP TABLE entries; CREATE TABLE entries (kind INTEGER, key BLOB)');
      database.close();
    }
    let cache = await opened();
    for (let at = 0; at < 10; at++) found(cache, `a${at}`);
    // What SQLite notices only when it meets it, the next one finds put aside.
    const { put_aside } = cache.state;
    expect([damage, put_aside]).toEqual([damage, `${path()}.damaged`]);
    await cache.close();
    cache = await opened();
    cache.keep(entriesOf('new'));
    expect([damage, found(cache, 'new'), found(cache, 'a1')]).toEqual([damage, ENTRIES, 0]);
    await cache.close();
  }
});

test('in a folder of others, what is no cache stays where it is', async () => {
  await writeFile(path(), 'the notes of somebody');
  const cache = await opened({ own_folder: false });
  cache.keep(entriesOf('a'));
  expect(cache.state).toMatchObject({ off: 'it is no cache of BackupLens', put_aside: null });
  await cache.close();
  expect((await stat(path())).size).toBe(21);
});

test('bytes that are flipped in its pages never give a wrong answer, and never an error', async () => {
  const whole = await opened();
  for (let at = 0; at < 20; at++) whole.keep(entriesOf(`a${at}`));
  await whole.close();
  const { size } = await stat(path());
  const original = join(folder, 'original');
  await cp(path(), original);
  const wrong: unknown[] = [];
  for (let round = 0; round < 10; round++) {
    for (const name of await readdir(folder)) if (/sqlite/.test(name)) await rm(join(folder, name));
    await cp(original, path());
    const handle = await open(path(), 'r+');
    for (let at = 0; at < 20; at++) {
      const place = 100 + ((round * 7919 + at * 104_729 * (round + 1)) % (size - 100));
      await handle.write(Buffer.from([(round * 31 + at * 17) % 256]), 0, 1, place);
    }
    await handle.close();
    const cache = await opened();
    for (let at = 0; at < 20; at++) {
      for (const { key } of entriesOf(`a${at}`)) {
        const value = cache.get('engine', Buffer.from(key));
        if (value !== null && !value.equals(valueOf(Buffer.from(key)))) wrong.push(key);
      }
    }
    cache.keep(entriesOf('more'));
    await cache.close();
  }
  expect(wrong).toEqual([]);
});

test('above its bound, what was of no use for longest goes', async () => {
  let now = Date.now();
  const cache = await opened({ max_bytes: 1024 * 1024, now: () => now });
  for (let at = 0; at < 5; at++) cache.keep(entriesOf(`old${at}`, now));
  now += HOUR_MS;
  for (let at = 0; at < 30; at++) {
    // Of use again and again.
    expect(found(cache, 'old0')).toBe(ENTRIES);
    cache.keep(entriesOf(`new${at}`, now));
    now += HOUR_MS;
  }
  expect(cache.figures()?.bytes).toBeLessThanOrEqual(1024 * 1024);
  expect([found(cache, 'old0'), found(cache, 'old1'), found(cache, 'new29')]).toEqual([ENTRIES, 0, ENTRIES]);
  await cache.close();
  expect((await stat(path())).size).toBeLessThan(2 * 1024 * 1024);
});

interface Writer {
  readonly batches: number;
  readonly notKept: number;
  readonly signal: NodeJS.Signals | null;
}

async function write(step: string, who: string, rounds: number): Promise<Writer> {
  const child = spawn(process.execPath, [WRITER, folder, step, who, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  const signal = await new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code, by) => resolve(by)),
  );
  const [batches = '0', notKept = '0'] = (told.trim().split('\n').at(-1) ?? '').split(' ');
  return { batches: Number(batches), notKept: Number(notKept), signal };
}

test('a process that is killed while it writes leaves whole batches, at whatever instant', async () => {
  for (const [step, kept] of [
    ['begun', 2],
    ['written', 2],
    ['committed', 3],
  ] as const) {
    await rm(path(), { force: true });
    const { signal, batches } = await write(step, step, 10);
    expect([signal, batches]).toEqual(['SIGKILL', 2]);
    const cache = await opened();
    expect([0, 1, 2, 3].map((batch) => found(cache, `${step}${batch}`))).toEqual(
      [0, 1, 2, 3].map((batch) => (batch < kept ? ENTRIES : 0)),
    );
    expect(cache.state).toMatchObject({ off: null, refused: 0, put_aside: null });
    await cache.close();
  }
});

test('two processes share one cache: each finds what the other kept, and none fails', async () => {
  const [a, b] = await Promise.all([write('', 'a', 20), write('', 'b', 20)]);
  expect([a.batches, b.batches]).toEqual([20, 20]);
  const cache = await opened();
  const lost = a.notKept + b.notKept;
  let there = 0;
  for (const who of ['a', 'b'])
    for (let batch = 0; batch < 20; batch++) there += found(cache, `${who}${batch}`);
  expect(there).toBe(40 * ENTRIES - lost);
  expect(cache.state).toMatchObject({ off: null, refused: 0, put_aside: null });
  await cache.close();
});
