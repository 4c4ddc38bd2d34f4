import { describe, expect, test } from 'vitest';
import { BackupLensError } from '../domain/index.ts';
import { VARIABLES } from './environment.ts';
import { readEnvironment } from './given.ts';
import type { Environment } from './start/index.ts';

function problems(environment: Environment): string[] {
  try {
    readEnvironment(environment);
    return [];
  } catch (error) {
    if (!(error instanceof BackupLensError) || error.code !== 'BL_CONFIG') throw error;
    return error.message.split('\n');
  }
}

test('the prefix wins, and each value knows the name it was given under', () => {
  expect(readEnvironment({ NUM_WORKERS: '3' }).NUM_WORKERS).toEqual({
    value: 3,
    origin: 'environment NUM_WORKERS',
  });
  expect(readEnvironment({ NUM_WORKERS: '3', BACKUPLENS_NUM_WORKERS: '4' }).NUM_WORKERS).toEqual({
    value: 4,
    origin: 'environment BACKUPLENS_NUM_WORKERS',
  });
});

test('what is unset or empty is no value, with and without the prefix', () => {
  expect(readEnvironment({ CLAMD_HOST: '', BACKUPLENS_CLAMD_HOST: '' }).CLAMD_HOST).toBeNull();
  expect(readEnvironment({ CLAMD_HOST: 'a', BACKUPLENS_CLAMD_HOST: '' }).CLAMD_HOST?.value).toBe('a');
});

test('the switch for our images is true, false, 1 or 0', () => {
  const values = ['true', '1', 'false', '0'].map(
    (text) => readEnvironment({ BACKUPLENS_CONTAINER: text }).BACKUPLENS_CONTAINER?.value,
  );
  expect(values).toEqual([true, true, false, false]);
});

describe('a bad value', () => {
  test.each([
    ['CLAMD_PORT', '0', 'an integer from 1 to 65535'],
    ['CLAMD_PORT', '65536', 'an integer from 1 to 65535'],
    ['YARA_PORT', '80a', 'an integer from 1 to 65535'],
    ['PORT', '-1', 'an integer from 0 to 65535'],
    ['PORT', ' 80', 'an integer from 0 to 65535'],
    ['NUM_WORKERS', '0', 'an integer from 1 to 256'],
    ['NUM_WORKERS', '1e3', 'an integer from 1 to 256'],
    ['SCAN_INTERVAL_MS', '99', 'an integer from 100 to 86400000'],
    ['LOG_LEVEL', 'loud', 'one of silent, fatal, error, warn, info, debug, trace'],
    ['BACKUPLENS_CONTAINER', 'yes', 'true, false, 1 or 0'],
    ['CLAMD_HOST', 'clamav:3310', 'a host name, an IP address, unix:/PATH or off (the port is CLAMD_PORT)'],
    ['YARA_HOST', 'http://yara', 'a host name or an IP address'],
    ['HOST', '-a', 'a host name or an IP address'],
    ['DATA_DIR', 'a\0b', 'a path'],
  ])('%s=%j is named with what was expected', (name, value, expected) => {
    expect(problems({ [name]: value })).toEqual([
      `${name}: expected ${expected}, got ${JSON.stringify(value)}`,
    ]);
  });

  test('all of them are said at once, unknown names of ours first', () => {
    expect(problems({ PORT: 'x', BACKUPLENS_NUM_WORKER: '1', BACKUPLENS_YARA_PORT: 'y' })).toEqual([
      '"BACKUPLENS_NUM_WORKER": unknown variable; did you mean BACKUPLENS_NUM_WORKERS?',
      'BACKUPLENS_YARA_PORT: expected an integer from 1 to 65535, got "y"',
      'PORT: expected an integer from 0 to 65535, got "x"',
    ]);
  });

  test('names without our prefix are nobody’s business', () => {
    expect(problems({ NUM_WORKER: 'x', PATH: '/bin' })).toEqual([]);
  });
});

test.each(['localhost', '10.0.0.1', '::1', 'yara-scanner', 'my_host.example.org'])('%s is a host', (name) => {
  expect(readEnvironment({ YARA_HOST: name }).YARA_HOST?.value).toBe(name);
});

test('every variable is documented, with its default in words', () => {
  for (const [name, { doc, default: fallback }] of Object.entries(VARIABLES)) {
    expect([name, doc.length > 10, fallback.length > 0]).toEqual([name, true, true]);
  }
});
