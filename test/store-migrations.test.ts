import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStore, openStore, type Store } from '../src/store/index.ts';
import { MIGRATIONS } from '../src/store/sqlite/migrations.ts';

/** `BLST`: what tells our databases from others. */
const APPLICATION_ID = 0x424c5354;

let dataDir: string;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'store-migrations-'));
  dataDir = join(root, 'data');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = async (): Promise<Store> =>
  openStore({ dataDir, who: 'a test', what: 'a test', waitMs: 0, leftOver: async () => null });

/** The store as the version with so many migrations left it, with a file that waits. */
function asOf(version: number): void {
  mkdirSync(dataDir, { mode: 0o700 });
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'));
  chmodSync(join(dataDir, 'store.sqlite'), 0o600);
  database.exec(`pragma journal_mode = wal; pragma application_id = ${APPLICATION_ID}`);
  for (const sql of MIGRATIONS.slice(0, version)) database.exec(sql);
  database.exec(`pragma user_version = ${version}`);
  database.exec(`
    insert into settings values ('instance_id', 'the old one');
    insert into files (id, path, at_path, dev, ino, size, mtime_ns, ctime_ns, share, lane, turn, never_settled, state, suspect,
      attempts, accepted_at, changed_at)
      values ('20260101T000000000Z-0123456789ab', x'2f696e2fe9', 1, '1', '2', '3', '4', '5', x'', 'fresh', 1, 0,
      'waiting', 0, 0, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')`);
  database.close();
}

const columns = (file: string): unknown => {
  const database = new DatabaseSync(file);
  const schema = database.prepare('select type, name, sql from sqlite_schema order by name').all();
  database.close();
  return schema;
};

test.each(Array.from({ length: MIGRATIONS.length - 1 }, (_, at) => at + 1))(
  'a store of schema %i becomes what a new one is, keeps what it knew, and leaves a backup of what it was',
  async (version) => {
    asOf(version);
    const store = await open();
    expect(await store.instanceId()).toBe('the old one');
    expect((await store.files.at(Buffer.from('/in/\xe9', 'latin1')))?.state).toBe('waiting');
    const [record] = await store.journal.read({ after: 0, limit: 1 });
    expect(record).toMatchObject({ action: 'store_migrated' });
    await store.close();
    const [backup = '', ...others] = readdirSync(join(dataDir, 'backups'));
    expect(others).toEqual([]);
    expect(backup).toMatch(new RegExp(`^schema-${version}-.*\\.sqlite$`));
    expect(record?.detail).toContain(`backups/${backup}`);
    const before = new DatabaseSync(join(dataDir, 'backups', backup), { readOnly: true });
    expect(before.prepare('pragma user_version').get()).toEqual({ user_version: version });
    expect(before.prepare('select count(*) as n from files').get()).toEqual({ n: 1 });
    before.close();
    expect(await checkStore(dataDir)).toEqual([]);

    const migrated = columns(join(dataDir, 'store.sqlite'));
    rmSync(dataDir, { recursive: true });
    await (await open()).close();
    expect(migrated).toEqual(columns(join(dataDir, 'store.sqlite')));
  },
);

test.each([2, 3])('reviews of a store of schema %i are found by what they are held for', async (version) => {
  asOf(version);
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'));
  database.exec(`insert into reviews (id, file, path, opened_at, reasons, rules, grounds, state, remember) values
    ('20260101T000000000Z-0123456789ac', '20260101T000000000Z-0123456789ab', x'2f696e2fe9', '2026-01-01T00:00:00.000Z', '[]',
    '["gap:encrypted:zip","yara_match:A:B"]', 'g', 'open', 0)`);
  database.close();
  const store = await open();
  for (const filter of [{ kind: 'yara_match' }, { rule: 'A:B' }, { kind: 'gap', rule: 'encrypted:zip' }]) {
    expect(await store.reviews.list({ ...filter, limit: 10 })).toHaveLength(1);
  }
  expect(await store.reviews.list({ kind: 'gap', rule: 'A:B', limit: 10 })).toEqual([]);
  await store.close();
});

test('a store that is up to date is opened without a backup', async () => {
  await (await open()).close();
  await (await open()).close();
  expect(readdirSync(dataDir).includes('backups')).toBe(false);
});

test('a backup that cannot be made keeps the store as it is', async () => {
  asOf(1);
  writeFileSync(join(dataDir, 'backups'), 'a file in the way');
  await expect(open()).rejects.toMatchObject({ code: 'BL_STORE' });
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'));
  expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 1 });
  database.close();
});

test('a journal can be neither changed nor shortened by any statement', async () => {
  await (await open()).close();
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'));
  for (const sql of [
    'update journal set line = 1',
    'delete from journal',
    'replace into journal values (1, 2, 3)',
  ]) {
    expect(() => database.exec(sql)).toThrow(/only ever appended to|UNIQUE|constraint/);
  }
  database.close();
});

test.each<[string, string, number, RegExp]>([
  ['altered', "update journal set line = replace(line, 'store_made', 'deleted')", 1, /altered/],
  [
    'altered with its hash',
    "update journal set line = replace(line, 'a test', 'nobody'), hash = '0'",
    1,
    /altered/,
  ],
  ['taken out', 'delete from journal where seq = 1', 1, /missing/],
  ['written anew', "update journal set line = 'nonsense' where seq = 1", 1, /altered/],
])('a record that was %s behind our back is named', async (_what, sql, seq, reason) => {
  const store = await open();
  const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
  const entry = {
    action: 'decided',
    time: '2026-11-28T12:00:00.000Z',
    who: 'w',
    ...nothing,
    detail: null,
  } as const;
  await store.journal.append(entry);
  const head = (await store.journal.append(entry)).hash;
  await store.close();
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'));
  database.exec('drop trigger journal_is_never_changed; drop trigger journal_is_never_shortened');
  try {
    database.exec(sql.includes('hash') ? `${sql} where seq = 1` : sql);
  } finally {
    database.close();
  }
  const again = await open();
  const check = await again.journal.verify({ head });
  expect(check.broken).toMatchObject({ seq, reason: expect.stringMatching(reason) });
  expect(check.head_found).toBe(false);
  await again.close();
});

test('records that were cut off the end only show against a head that was noted', async () => {
  const store = await open();
  const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
  const time = '2026-11-28T12:00:00.000Z';
  const { hash } = await store.journal.append({
    action: 'decided',
    time,
    who: 'w',
    ...nothing,
    detail: null,
  });
  await store.close();
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'));
  database.exec('drop trigger journal_is_never_shortened; delete from journal where seq = 2');
  database.close();
  const again = await open();
  expect((await again.journal.verify()).broken).toBe(null);
  expect(await again.journal.verify({ head: hash })).toMatchObject({ broken: null, head_found: false });
  await again.close();
});
