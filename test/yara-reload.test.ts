import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  yaraHealth,
  yaraReload,
  yaraScanReply,
  type YaraHealth,
  type YaraReload,
} from '../src/contracts/index.ts';
import { descendants } from './kit/process-cost.ts';
import { startProgram, type Program } from './kit/yara/program.ts';
import { ENDLESS, ENDLESS_RULE, ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

const PATIENT = { timeout: 30_000 };

let rules: RuleFolder;
let cache: string;
let program: Program;
beforeAll(() => {
  cache = mkdtempSync('/tmp/backuplens-cache-');
});
afterAll(() => rmSync(cache, { recursive: true }));
beforeEach(async () => {
  rules = ruleFolder({ 'a.yar': numbered('old', 20) });
  program = await startProgram({ YARA_RULES_DIR: rules.path, YARA_CACHE_DIR: cache }, ['--engines=2']);
});
afterEach(async () => {
  const code = await program.stop();
  if (code !== 0) throw new Error(`the program ended with ${code}`);
  rules.remove();
});

/** So many rules that find everything. */
function numbered(name: string, count: number): string {
  return Array.from({ length: count }, (_, n) => `rule ${name}_${n} { condition: true }`).join('\n');
}
function put(name: string, source: string): void {
  writeFileSync(join(rules.path, name), source);
}
async function reload(init: RequestInit = {}, query = ''): Promise<YaraReload & { status: number }> {
  const response = await fetch(`${program.url}/reload${query}`, { method: 'POST', ...init });
  return { status: response.status, ...yaraReload.parse(await response.json()) };
}
const health = async (): Promise<YaraHealth> =>
  yaraHealth.parse(await (await fetch(`${program.url}/health`)).json());
/** Names of the rules that match, without their numbers: all of one set, whichever that is. */
async function scan(body = 'x'): Promise<string[]> {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(`${program.url}/scan`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  const { matches } = yaraScanReply.parse(await response.json());
  return [...new Set(matches.map(({ rule }) => rule.replace(/_\d+$/, '')))];
}

async function loadedFrom(one: Program): Promise<unknown> {
  await expect.poll(() => one.log.some(({ msg }) => msg === 'rules are loaded'), PATIENT).toBe(true);
  return one.log.find(({ msg }) => msg === 'rules are loaded')?.['from'];
}
async function again(): Promise<Program> {
  return startProgram({ YARA_RULES_DIR: rules.path, YARA_CACHE_DIR: cache }, ['--engines=1']);
}

test('new rules come into force, and the answer says what was loaded and what was left out', async () => {
  expect(await scan()).toEqual(['old']);
  put('a.yar', `${numbered('new', 19)}\nrule broken {\n condition: no }`);
  put('sub.yara', 'rule sub { condition: true }');
  expect(await reload()).toEqual({
    status: 200,
    success: true,
    message: 'the rules are in force',
    rule_count: 20,
    rule_files: 2,
    rejected: [
      { file: 'a.yar', line: 21, column: 13, message: expect.stringContaining('unknown identifier') },
    ],
  });
  expect(await scan()).toEqual(['new', 'sub']);
  expect(await health()).toMatchObject({ rules: 20, rule_files: 2, rejected: [{ file: 'a.yar' }] });
  expect(await reload()).toMatchObject({
    status: 200,
    message: 'the rules have not changed',
    rule_count: 20,
  });
});

test('a bundle that came since the start is in force after a reload, beside what was', async () => {
  const bundles = mkdtempSync('/tmp/backuplens-bundles-');
  const started = await startProgram({ BUNDLE_DIR: bundles }, ['--engines=1']);
  const told = async (path: string, method: string): Promise<unknown> =>
    (await fetch(`${started.url}${path}`, { method })).json();
  try {
    const before = yaraHealth.parse(await told('/health', 'GET'));
    mkdirSync(join(bundles, 'current/yara-rules'), { recursive: true });
    writeFileSync(join(bundles, 'current/yara-rules/b.yar'), 'rule bundled { condition: true }');
    expect(await told('/reload', 'POST')).toMatchObject({ success: true, rule_count: before.rules + 1 });
    expect(await told('/health', 'GET')).toMatchObject({
      rules: before.rules + 1,
      rules_dir: `${before.rules_dir}:${join(bundles, 'current/yara-rules')}`,
    });
  } finally {
    expect(await started.stop()).toBe(0);
    rmSync(bundles, { recursive: true });
  }
});

test('without rules, or without any that compile, the old ones stay in force', async () => {
  const before = await health();
  put('a.yar', 'nothing that compiles');
  expect(await reload()).toMatchObject({
    status: 500,
    success: false,
    message: expect.stringContaining('no rules'),
  });
  rmSync(join(rules.path, 'a.yar'));
  expect(await reload()).toMatchObject({ status: 500, success: false });
  rmSync(rules.path, { recursive: true });
  expect(await reload()).toMatchObject({
    status: 500,
    message: expect.stringContaining('cannot read the rules folder'),
  });
  expect(await health()).toEqual(before);
  expect(await scan()).toEqual(['old']);
  rules = ruleFolder({});
});

test('far fewer rules are an accident unless somebody says force', async () => {
  put('a.yar', numbered('new', 18));
  expect(await reload()).toMatchObject({ status: 200, rule_count: 18 });
  put('a.yar', numbered('few', 16));
  expect(await reload()).toMatchObject({
    status: 500,
    success: false,
    message: expect.stringContaining('16 rules instead of 18'),
  });
  expect(await scan()).toEqual(['new']);
  const headers = { 'content-type': 'application/json' };
  expect(await reload({ headers, body: '{"force":true}' })).toMatchObject({ status: 200, rule_count: 16 });
  put('a.yar', numbered('one', 1));
  expect(await reload({}, '?force=true')).toMatchObject({ status: 200, rule_count: 1 });
  expect(await scan()).toEqual(['one']);
});

test.each([
  ['GET', {}, 405],
  ['text', { method: 'POST', body: 'x' }, 415],
  ['broken JSON', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }, 400],
])('%s is answered with an error', async (_name, init, status) => {
  const response = await fetch(`${program.url}/reload`, init);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: expect.any(String) });
});

test('what is asked for at the same time is compiled once', async () => {
  put('a.yar', numbered('new', 20));
  const answers = await Promise.all(Array.from({ length: 10 }, () => reload()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(answers.filter(({ message }) => message === 'the rules are in force')).toHaveLength(1);
  await expect
    .poll(() => program.log.filter(({ msg }) => msg === 'the rules are reloaded'), PATIENT)
    .toHaveLength(10);
});

test('under load no request is lost, and none is answered by half of each', async () => {
  const over = new AbortController();
  const seen: string[] = [];
  const clients = Array.from({ length: 16 }, async () => {
    while (!over.signal.aborted) seen.push((await scan()).join(' '));
  });
  for (let round = 0; round < 4; round++) {
    put('a.yar', numbered(`round${round}`, 20));
    expect((await reload()).status).toBe(200);
    // Whatever is asked from now on is answered by the new rules.
    expect(await scan()).toEqual([`round${round}`]);
  }
  over.abort();
  await Promise.all(clients);
  expect(new Set(seen)).toEqual(
    new Set(['old', ...[0, 1, 2, 3].map((round) => `round${round}`)].filter((name) => seen.includes(name))),
  );
  expect(seen.length).toBeGreaterThan(20);
  // Front and two engines: nothing of the old ones is left.
  await expect.poll(() => descendants(program.pid).length, PATIENT).toBe(2);
});

test('a scan that is going on is finished by the rules it began with', async () => {
  const own = ruleFolder({ 'e.yar': `${ENDLESS_RULE}\n${numbered('old', 20)}` });
  const slow = await startProgram({ YARA_RULES_DIR: own.path }, ['--engines=2', '--scan-timeout-ms=3000']);
  const headers = { 'content-type': 'application/octet-stream' };
  const began = fetch(`${slow.url}/scan`, { method: 'POST', headers, body: ENDLESS });
  const busy = async (): Promise<string> => (await fetch(`${slow.url}/metrics`)).text();
  await expect.poll(busy, PATIENT).toContain('backuplens_yara_engines_busy 1');
  writeFileSync(join(own.path, 'e.yar'), numbered('new', 21));
  const reloaded = await fetch(`${slow.url}/reload`, { method: 'POST' });
  expect(reloaded.status).toBe(200);
  const now = await fetch(`${slow.url}/scan`, { method: 'POST', headers, body: ENDLESS });
  expect(yaraScanReply.parse(await now.json()).matches[0]?.rule).toBe('new_0');
  const first = await began;
  expect([first.status, await first.json()]).toEqual([
    500,
    { error: 'the scan took too long', code: 'timed_out' },
  ]);
  expect(await slow.stop()).toBe(0);
  own.remove();
});

test('the next start takes the rules from the disk; a damaged set is compiled again, and that is logged', async () => {
  await loadedFrom(program);
  const second = await again();
  expect(await loadedFrom(second)).toBe('cache');
  await second.stop();
  for (const name of readdirSync(cache).filter((one) => one.endsWith('.rules'))) {
    const path = join(cache, name);
    writeFileSync(path, readFileSync(path).fill(0xff, 200, 300));
  }
  const third = await again();
  expect(await loadedFrom(third)).toBe('compiler');
  expect(third.log.find(({ msg }) => msg === 'the cache of rules is not as it was')).toMatchObject({
    level: 'warn',
  });
  await third.stop();
});
