import { expect, test } from 'vitest';
import type { EngineEndpoints } from '../analyze/index.ts';
import { automaticWorkers } from './worker-count.ts';

const GIB = 2 ** 30;
const OFF: EngineEndpoints['clamd'] = { away: 'engine_off', detail: 'turned off' };
const clamd = (threads: number | null): EngineEndpoints['clamd'] => ({
  address: { kind: 'unix', path: '/run/clamd' },
  canary: null,
  threads,
  stale: null,
});

test('there is one worker a core, and never more than five', () => {
  expect(automaticWorkers({ cores: 2, memoryBytes: 8 * GIB }, OFF)).toBe(2);
  expect(automaticWorkers({ cores: 64, memoryBytes: 256 * GIB }, OFF)).toBe(5);
});

test('little memory means fewer workers, one at least', () => {
  expect(automaticWorkers({ cores: 4, memoryBytes: GIB }, OFF)).toBe(2);
  expect(automaticWorkers({ cores: 4, memoryBytes: GIB / 16 }, OFF)).toBe(1);
});

test('there are no more workers than clamd has threads', () => {
  expect(automaticWorkers({ cores: 4, memoryBytes: 8 * GIB }, clamd(1))).toBe(1);
  expect(automaticWorkers({ cores: 4, memoryBytes: 8 * GIB }, clamd(12))).toBe(4);
  expect(automaticWorkers({ cores: 4, memoryBytes: 8 * GIB }, clamd(null))).toBe(4);
});
