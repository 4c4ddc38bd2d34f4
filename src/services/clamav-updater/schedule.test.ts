import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { schedule } from './schedule.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('updates come a minute after the start and then every so often, until it is told to stop', async () => {
  const DAY_MS = 86_400_000;
  let updates = 0;
  const stop = schedule(DAY_MS, async () => void updates++);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(updates).toBe(0);
  await vi.advanceTimersByTimeAsync(2000);
  expect(updates).toBe(1);
  await vi.advanceTimersByTimeAsync(3 * DAY_MS);
  expect(updates).toBe(4);
  stop();
  await vi.advanceTimersByTimeAsync(3 * DAY_MS);
  expect(updates).toBe(4);
});

test('stopped before the first, none comes', async () => {
  let updates = 0;
  schedule(3_600_000, async () => void updates++)();
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(updates).toBe(0);
});
