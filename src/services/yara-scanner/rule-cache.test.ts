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
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildRules, type BuiltRules } from './build-rules.ts';
import { RuleCache } from './rule-cache.ts';

let home: string;
let rules: string;
let cache: string;
beforeEach(() => {
  home = mkdtempSync('/tmp/backuplens-cache-');
  rules = join(home, 'rules');
  cache = join(home, 'cache');
  mkdirSync(rules);
  put('a.yar', 'rule a { condition: filename == "x" }\nrule bad { condition: no }');
});
afterEach(() => rmSync(home, { recursive: true }));

function put(name: string, source: string): void {
  writeFileSync(join(rules, name), source);
}
const build = async (): Promise<BuiltRules> =>
  buildRules({ folders: [rules], engine: 'native', cacheFolder: cache });
const mode = (path: string): number => statSync(path).mode & 0o777;
const sets = (): string[] => readdirSync(cache).filter((name) => name !== 'key');

test('a second start takes the compiled rules from the disk, with all that was said of them', async () => {
  const first = await build();
  expect(first).toMatchObject({ from: 'compiler', cacheTrouble: null });
  const second = await build();
  expect(second).toEqual({ ...first, from: 'cache' });
  expect(second.report).toMatchObject({ rules: 1, reads: ['filename'] });
  expect(second.rejected).toHaveLength(1);
});

test('folder, key and sets are for our user alone', async () => {
  await build();
  expect(mode(cache)).toBe(0o700);
  expect(readdirSync(cache).map((name) => mode(join(cache, name)))).toEqual([0o600, 0o600]);
});

test('another source, name or engine is another set', async () => {
  const ids = new Set([(await build()).id]);
  put('a.yar', 'rule a { condition: filename == "y" }');
  ids.add((await build()).id);
  put('b.yar', 'rule b { condition: true }');
  ids.add((await build()).id);
  ids.add((await buildRules({ folders: [rules], engine: 'wasm', cacheFolder: cache })).id);
  expect(ids.size).toBe(4);
  expect(sets()).toHaveLength(4);
});

const ID = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const COMPILED = {
  engine: 'native',
  version: 'v',
  report: { rules: 1, ruleFiles: 1, rejected: [], reads: [] },
  set: Buffer.from('compiled rules'),
} as const;

test('a set that was changed or cut anywhere is not looked at', async () => {
  const opened = await RuleCache.open(cache, [rules]);
  await opened.keep(ID, COMPILED);
  expect(await opened.find(ID)).toEqual({ state: 'found', compiled: COMPILED });
  const path = join(cache, `${ID}.rules`);
  const good = readFileSync(path);
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(at) ^ (1 << (at % 8)), at);
    writeFileSync(path, bad);
    expect([at, (await opened.find(ID)).state]).toEqual([at, 'damaged']);
    writeFileSync(path, good.subarray(0, at));
    expect([at, (await opened.find(ID)).state]).toEqual([at, 'damaged']);
  }
  rmSync(path);
  symlinkSync('key', path);
  expect((await opened.find(ID)).state).toBe('damaged');
});

test('a set is not taken for another one, nor one that was sealed with another key', async () => {
  const opened = await RuleCache.open(cache, [rules]);
  await opened.keep(ID, COMPILED);
  writeFileSync(join(cache, `${OTHER}.rules`), readFileSync(join(cache, `${ID}.rules`)));
  expect((await opened.find(OTHER)).state).toBe('damaged');
  writeFileSync(join(cache, 'key'), Buffer.alloc(32, 7));
  const otherKey = await RuleCache.open(cache, [rules]);
  expect((await otherKey.find(ID)).state).toBe('damaged');
});

test('only some sets are kept, those that were wanted last', async () => {
  const opened = await RuleCache.open(cache, [rules]);
  await opened.keep(ID, COMPILED);
  for (let n = 0; n < 8; n++) {
    await opened.keep(String(n).repeat(64), COMPILED);
    utimesSync(join(cache, `${String(n).repeat(64)}.rules`), n, n);
  }
  expect(sets()).toHaveLength(6);
  expect((await opened.find(ID)).state).toBe('found');
});

test('a damaged set is compiled again and replaced, and that is said', async () => {
  await build();
  const path = join(cache, sets()[0] ?? '');
  writeFileSync(path, readFileSync(path).fill(0, 100, 200));
  expect(await build()).toMatchObject({ from: 'compiler', cacheTrouble: expect.stringContaining('damaged') });
  expect(await build()).toMatchObject({ from: 'cache', cacheTrouble: null });
});

test.each<[string, () => void]>([
  ['others may write the folder', () => mkdirSync(cache) ?? chmodSync(cache, 0o777)],
  ['the folder lies in the rules', () => symlinkSync(rules, cache)],
  [
    'others may read the key',
    () => (mkdirSync(cache, 0o700), writeFileSync(join(cache, 'key'), Buffer.alloc(32), { mode: 0o644 })),
  ],
  [
    'the key is a link',
    () => (
      mkdirSync(cache, 0o700),
      writeFileSync(join(home, 'k'), Buffer.alloc(32), { mode: 0o600 }),
      symlinkSync('../k', join(cache, 'key'))
    ),
  ],
  [
    'the key is short',
    () => (mkdirSync(cache, 0o700), writeFileSync(join(cache, 'key'), 'short', { mode: 0o600 })),
  ],
  ['the folder is a file', () => writeFileSync(cache, '')],
])('where %s the rules are compiled without a cache, and that is said', async (_what, make) => {
  chmodSync(rules, 0o700);
  make();
  const built = await build();
  expect(built).toMatchObject({ from: 'compiler', cacheTrouble: expect.stringContaining('not used') });
  expect(built.report.rules).toBe(1);
});
