import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  VARIABLES,
  assertTrusted,
  describeConfig,
  loadConfig,
  loadPolicy,
  type EffectiveConfig,
  type Flags,
} from '../src/config/index.ts';
import type { Environment } from '../src/config/start/index.ts';
import { localFirst } from '../src/config/places.ts';
import { BackupLensError, DEFAULT_POLICY } from '../src/domain/index.ts';
import { DEFAULT_LIMITS } from '../src/unpack/index.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

let cwd = '';
beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'config-')));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const load = (env: Environment = {}, flags: Flags = {}): EffectiveConfig => loadConfig({ cwd, env, flags });

function failure(env: Environment, flags: Flags = {}): string {
  try {
    load(env, flags);
    return 'loaded';
  } catch (error) {
    return error instanceof BackupLensError ? `${error.code} ${error.message}` : String(error);
  }
}

function place(name: string, content = ''): string {
  const path = join(cwd, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

test('config/scoring.yaml as delivered says every key, and says the built-in defaults', () => {
  const { policy, originOf } = loadPolicy(join(REPOSITORY, 'config/scoring.yaml'));
  const { sha256: _sha256, strict: _strict, ...rest } = policy;
  expect(rest).toEqual(DEFAULT_POLICY);
  const silent = describeConfig(load())
    .map((row) => row.name)
    .filter((name) => /^(weights|thresholds|gaps|yara|accept)/.test(name) && originOf(name) === 'default');
  expect(silent).toEqual([]);
});

test('with nothing given, everything has its documented default', () => {
  const config = load();
  expect(config.scoringFile).toEqual({ value: join(REPOSITORY, 'config/scoring.yaml'), origin: 'default' });
  expect(config.rulesDirs).toEqual({ value: [join(REPOSITORY, 'yara-rules')], origin: 'default' });
  expect(config.clamd).toEqual({
    value: ['localhost:3310', 'unix:/var/run/clamav/clamd.ctl'],
    origin: 'default',
  });
  expect(config.yara).toEqual({ value: { mode: 'embedded' }, origin: 'default' });
  expect(config.workers.value).toBe(5);
  expect(config.reviewDir.value).toBeNull();
  expect(config.scanIntervalMs.value).toBe(5000);
  expect(config.host.value).toBe('127.0.0.1');
  expect(config.passwords.value.map((secret) => secret.reveal())).toEqual(['infected', 'malware', 'virus']);
});

test('the limits are those of the unpack room', () => {
  const limits = Object.entries(load().limits).map(([name, { value }]) => [name, value]);
  const { max_container_ms: _own, ...theirs } = DEFAULT_LIMITS;
  expect(Object.fromEntries(limits)).toEqual(theirs);
});

describe('who wins', () => {
  test('flag before environment before file before default, each with its origin', () => {
    place('config/scoring.yaml', 'weights:\n  yara_match: 99\n');
    place('env.yaml', '');
    const file = load();
    expect(file.scoringFile).toEqual({ value: join(cwd, 'config/scoring.yaml'), origin: 'default' });
    expect(file.policy.originOf('weights.yara_match')).toBe('file config/scoring.yaml:2');
    place('env.yaml', 'weights: {yara_match: 88}\n');
    place('flag.yaml', 'weights: {yara_match: 77}\n');
    const env = { SCORING_CONFIG: 'env.yaml', NUM_WORKERS: '2' };
    expect(load(env).policy.policy.weights.yara_match).toBe(88);
    expect(load(env).scoringFile.origin).toBe('environment SCORING_CONFIG');
    const flags = load(env, { scoring: 'flag.yaml', workers: '7', strict: true });
    expect(flags.policy.policy).toMatchObject({ strict: true, weights: { yara_match: 77 } });
    expect(flags.scoringFile.origin).toBe('flag --scoring');
    expect(flags.workers).toEqual({ value: 7, origin: 'flag --workers' });
    expect(load(env).workers).toEqual({ value: 2, origin: 'environment NUM_WORKERS' });
  });

  test('a local file before the container’s, the container’s before the delivered one', () => {
    const container = place('container/x');
    expect(localFirst(cwd, './x', container, '/delivered')).toBe(container);
    expect(localFirst(cwd, './x', join(cwd, 'none'), '/delivered')).toBe('/delivered');
    expect(localFirst(cwd, './x', join(cwd, 'none'))).toBe(join(cwd, 'x'));
    place('x');
    expect(localFirst(cwd, './x', container, '/delivered')).toBe(join(cwd, 'x'));
  });

  test('a local link to nowhere is an error, not a reason to look elsewhere', () => {
    mkdirSync(join(cwd, 'config'));
    symlinkSync('nowhere', join(cwd, 'config/scoring.yaml'));
    expect(failure({})).toBe('BL_POLICY config/scoring.yaml: cannot be read: no such file or folder');
  });

  test('local folders are used where they are', () => {
    mkdirSync(join(cwd, 'incoming'));
    expect(load().incomingDir).toEqual({ value: join(cwd, 'incoming'), origin: 'default' });
    expect(load({ INCOMING_DIR: 'in' }).incomingDir.value).toBe(join(cwd, 'in'));
  });
});

describe('engines', () => {
  test('our containers bring the host names of the compose files', () => {
    const config = load({ BACKUPLENS_CONTAINER: '1' });
    expect(config.clamd.value).toEqual(['clamav:3310']);
    expect(config.yara.value).toEqual({ mode: 'service', url: 'http://yara-scanner:8081' });
    expect(config.host.value).toBe('0.0.0.0');
  });

  test('the environment names hosts and ports', () => {
    const config = load({ CLAMD_HOST: '::1', CLAMD_PORT: '3311', YARA_HOST: 'yara', YARA_PORT: '9' });
    expect(config.clamd).toEqual({ value: ['[::1]:3311'], origin: 'environment CLAMD_HOST' });
    expect(config.yara).toEqual({
      value: { mode: 'service', url: 'http://yara:9' },
      origin: 'environment YARA_HOST',
    });
    expect(load({ CLAMD_HOST: 'off' }).clamd.value).toEqual([]);
    expect(load({ CLAMD_HOST: 'unix:/run/c.ctl' }).clamd.value).toEqual(['unix:/run/c.ctl']);
    expect(load({ CLAMD_PORT: '1' }).clamd.value).toEqual(['localhost:1', 'unix:/var/run/clamav/clamd.ctl']);
  });

  test.each<[string, readonly string[]]>([
    ['off', []],
    ['host:1', ['host:1']],
    ['[::1]:3310', ['[::1]:3310']],
    ['unix:/a b', ['unix:/a b']],
  ])('--clamd %s', (clamd, expected) => {
    expect(load({ CLAMD_HOST: 'other' }, { clamd }).clamd).toEqual({
      value: expected,
      origin: 'flag --clamd',
    });
  });

  test.each(['host', 'host:0', 'host:65536', ':1', 'unix:', `unix:/${'x'.repeat(107)}`, '::1:3310'])(
    '--clamd %s is refused',
    (clamd) => {
      expect(failure({}, { clamd })).toBe(
        `BL_USAGE --clamd: expected HOST:PORT, unix:PATH or off, got ${JSON.stringify(clamd)}`,
      );
    },
  );

  test('--yara takes a URL, embedded or off, and repeats no password', () => {
    expect(load({ YARA_HOST: 'x' }, { yara: 'off' }).yara.value).toEqual({ mode: 'off' });
    expect(load({ YARA_HOST: 'x' }, { yara: 'embedded' }).yara.value).toEqual({ mode: 'embedded' });
    expect(load({}, { yara: 'https://h:1/' }).yara.value).toEqual({ mode: 'service', url: 'https://h:1' });
    for (const yara of ['http://u:hunter2@h', 'ftp://h', 'h:8081', 'http://h/?t=hunter2']) {
      expect(failure({}, { yara })).toBe(
        'BL_USAGE --yara: expected an http:// or https:// URL without a password, embedded or off',
      );
    }
  });
});

test.each<[Flags, string]>([
  [{ workers: '0' }, 'BL_USAGE --workers: expected an integer from 1 to 256, got "0"'],
  [{ workers: 1.5 }, 'BL_USAGE --workers: expected an integer from 1 to 256, got 1.5'],
  [{ maxDepth: '-1' }, 'BL_USAGE --max-depth: expected an integer from 0 to 1000, got "-1"'],
  [{ maxRatio: '1e3' }, 'BL_USAGE --max-ratio: expected an integer from 1 to 9007199254740991, got "1e3"'],
  [{ scoring: 'none' }, 'BL_POLICY none: cannot be read: no such file or folder'],
  [{ passwordFile: ['none'] }, 'BL_USAGE --password-file none: cannot be read: no such file or folder'],
])('flags %j: %s', (flags, expected) => {
  expect(failure({}, flags)).toBe(expected);
});

test('passwords are tried in the order given, each once, and never shown', () => {
  place('passwords', 'from file\r\n\nhunter2\n');
  const config = load({}, { password: ['hunter2'], passwordFile: ['passwords'] });
  expect(config.passwords.value.map((secret) => secret.reveal())).toEqual([
    'hunter2',
    'from file',
    'infected',
    'malware',
    'virus',
  ]);
  const shown = JSON.stringify([describeConfig(config), config]);
  expect(shown).not.toContain('hunter2');
  expect(shown).toContain('[redacted]');
});

test('config show has a row for every variable, flag and key, each with origin and explanation', () => {
  const rows = describeConfig(load({ NUM_WORKERS: '3' }, { clamd: 'off' }));
  const names = rows.map((row) => row.name);
  expect(new Set(names).size).toBe(names.length);
  const combined = ['CLAMD_HOST', 'CLAMD_PORT', 'YARA_HOST', 'YARA_PORT'];
  expect(Object.keys(VARIABLES).filter((name) => !names.includes(name))).toEqual(combined);
  expect(rows.filter((row) => row.doc === '')).toEqual([]);
  const find = (name: string) => rows.find((row) => row.name === name);
  expect(find('NUM_WORKERS')).toMatchObject({ value: 3, origin: 'environment NUM_WORKERS' });
  expect(find('--clamd')).toMatchObject({ value: 'off', origin: 'flag --clamd' });
  expect(find('weights.yara_match')).toMatchObject({
    value: 120,
    origin: expect.stringMatching(/^file .+config\/scoring\.yaml:\d+$/),
  });
});

test('a restore that brings its own policy and rules is not scanned by them', () => {
  place('config/scoring.yaml', 'thresholds: {auto_approve: 150, manual_review: 1000}\n');
  place('yara-rules/none.yar');
  const config = load();
  const paths = [
    { what: 'policy', path: config.scoringFile.value },
    ...config.rulesDirs.value.map((path) => ({ what: 'rules', path }) as const),
  ] as const;
  expect(() => assertTrusted(paths, [cwd])).toThrow(
    expect.objectContaining({
      code: 'BL_UNTRUSTED_CONFIG',
      hint: expect.stringContaining('--scoring /etc/backuplens/scoring.yaml'),
    }),
  );
  expect(assertTrusted(paths, [join(cwd, 'incoming')])).toHaveLength(2);
});
