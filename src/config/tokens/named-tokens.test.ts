import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addToken, ownToken, ownTokenIfAny, readTokens, removeTokens } from './named-tokens.ts';

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'named-tokens-'));
  file = join(home, 'data', 'tokens.json');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const BY = { who: 'rita (1000)', now: new Date('2026-11-28T13:00:00Z') };
const add = async (name: string) =>
  addToken(file, { name, role: 'viewer', expires_at: null, now: new Date('2026-11-28T12:00:00Z') });

test('a token is given away once; its file knows its hash, and is nobody else’s', async () => {
  const { token, entry } = await add('anna');
  expect(token).toMatch(/^blt_[\w-]{43}$/);
  expect(readFileSync(file, 'utf8')).not.toContain(token.slice(4));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await readTokens(file)).toEqual([entry]);
});

test('two of one name are valid side by side, and go one by one or together', async () => {
  const first = await add('anna');
  await add('anna');
  await add('bert');
  expect(await removeTokens(file, first.entry.id, BY)).toHaveLength(1);
  expect((await readTokens(file)).map(({ name }) => name)).toEqual(['anna', 'bert']);
  expect(await removeTokens(file, 'anna', BY)).toHaveLength(1);
  expect(await removeTokens(file, 'anna', BY)).toEqual([]);
});

test.each(['', ' ', 'a b', '../x', 'ä', '\u001b[31m', 'x'.repeat(65), '-x'])(
  'a name like %j makes none',
  async (name) => {
    await expect(add(name)).rejects.toMatchObject({ code: 'BL_USAGE' });
  },
);

test.each(['root', 'Root', 'backuplens', 'anonymous', 'administrator', 'ADMINISTRATOR'])(
  'the name %s makes none: the journal has it for somebody else',
  async (name) => {
    await expect(add(name)).rejects.toMatchObject({
      code: 'BL_USAGE',
      message: `no token can be called ${name}: the journal uses that name for somebody else`,
    });
    expect(await readTokens(file)).toEqual([]);
  },
);

test.each(['2026-11-28T11:59:59.999Z', '2026-11-28T12:00:00.000Z', '2020-01-01T00:00:00.000Z'])(
  'an end that is over (%s) makes none',
  async (expires_at) => {
    const now = new Date('2026-11-28T12:00:00Z');
    await expect(addToken(file, { name: 'anna', role: 'viewer', expires_at, now })).rejects.toMatchObject({
      code: 'BL_USAGE',
      message: `the token would have expired already: ${expires_at}`,
    });
    expect(await readTokens(file)).toEqual([]);
  },
);

test.each<[string, string]>([
  ['not JSON', '{'],
  ['another schema', '{"schema":"x","tokens":[]}'],
  [
    'a token without a hash',
    '{"schema":"backuplens.tokens/1","tokens":[{"id":"0123456789ab","name":"a","role":"admin","created_at":"2026-01-01T00:00:00Z","expires_at":null}]}',
  ],
  [
    'a role that is none',
    '{"schema":"backuplens.tokens/1","tokens":[{"id":"0123456789ab","name":"a","role":"root","sha256":"' +
      'a'.repeat(64) +
      '","created_at":"2026-01-01T00:00:00Z","expires_at":null}]}',
  ],
  ['too much', `{"x":"${'x'.repeat(1024 * 1024)}"}`],
])('a file that is %s is refused', async (_what, text) => {
  mkdirSync(join(home, 'data'), { mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
  await expect(readTokens(file)).rejects.toMatchObject({ code: 'BL_CONFIG' });
});

test('a file that others can write is refused; one that is not there holds none', async () => {
  await add('anna');
  chmodSync(file, 0o620);
  await expect(readTokens(file)).rejects.toThrow(/others can change it/);
  expect(await readTokens(join(home, 'nowhere.json'))).toEqual([]);
});

test('the token of DATA_DIR is made once, for its owner alone', async () => {
  const data = join(home, 'data');
  expect(await ownTokenIfAny(data)).toBe(null);
  const token = await ownToken(data);
  expect(statSync(join(data, 'api-token')).mode & 0o777).toBe(0o600);
  expect(await ownToken(data)).toBe(token);
  expect(await ownTokenIfAny(data)).toBe(token);
});

test('one that others could read, or that is a link to somewhere else, is replaced', async () => {
  const data = join(home, 'data');
  const token = await ownToken(data);
  chmodSync(join(data, 'api-token'), 0o644);
  expect(await ownTokenIfAny(data)).toBe(null);
  const second = await ownToken(data);
  expect(second).not.toBe(token);
  rmSync(join(data, 'api-token'));
  writeFileSync(join(home, 'theirs'), 'blt_known\n', { mode: 0o600 });
  symlinkSync(join(home, 'theirs'), join(data, 'api-token'));
  await expect(ownToken(data)).rejects.toThrow(/ELOOP/);
  expect(readFileSync(join(home, 'theirs'), 'utf8')).toBe('blt_known\n');
});

test('changes at the same instant are made one after the other, and none is lost', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `name-${at}`);
  await Promise.all(names.map(add));
  expect((await readTokens(file)).map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  await Promise.all(names.slice(0, 11).map(async (name) => removeTokens(file, name, BY)));
  expect((await readTokens(file)).map(({ name }) => name)).toEqual(['name-11']);
  expect(readdirSync(join(home, 'data'))).toEqual(['tokens.json']);
});

test('a lock that somebody left behind does not last', async () => {
  await add('anna');
  writeFileSync(`${file}.lock`, '');
  utimesSync(`${file}.lock`, new Date(0), new Date(0));
  await add('bert');
  expect(await readTokens(file)).toHaveLength(2);
});
