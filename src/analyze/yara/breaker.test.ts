import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Breaker } from './breaker.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const breaker = (): Breaker<string> => new Breaker({ awayMs: 100, longestAwayMs: 350 });

test('after a refusal nothing is asked for a while, then one question is', () => {
  const one = breaker();
  expect(one.refuses()).toBeNull();
  one.failed('away', true);
  expect(one.refuses()).toBe('away');
  vi.advanceTimersByTime(101);
  expect([one.refuses(), one.refuses()]).toEqual([null, 'away']);
  one.answered();
  expect([one.refuses(), one.refuses()]).toEqual([null, null]);
});

test('the while doubles up to a limit as long as nobody comes back', () => {
  const one = breaker();
  one.failed('away', true);
  for (const pause of [100, 200, 350, 350]) {
    vi.advanceTimersByTime(pause - 1);
    expect(one.refuses()).not.toBeNull();
    vi.advanceTimersByTime(2);
    expect(one.refuses()).toBeNull();
    one.failed('still away', true);
  }
});

test('connections may break now and then, but not one after the other', () => {
  const one = breaker();
  for (let n = 0; n < 5; n++) {
    one.failed('broke', false);
    one.failed('broke', false);
    one.answered();
  }
  expect(one.refuses()).toBeNull();
  for (let n = 0; n < 3; n++) one.failed('broke', false);
  expect(one.refuses()).toBe('broke');
});
