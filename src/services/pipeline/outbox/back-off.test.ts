import { assert, double, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';

test('pauses double, never beyond their bound, and never come in step', () => {
  expect([1, 2, 3, 4].map((failures) => backOffMs(failures, 60_000, 0, () => 1))).toEqual([
    1000, 2000, 4000, 8000,
  ]);
  assert(
    property(
      integer({ min: 1, max: 1e9 }),
      integer({ min: 1, max: 1e9 }),
      double({ min: 0, max: 1, noNaN: true }),
      (failures, most, random) => {
        const pause = backOffMs(failures, most, 0, () => random);
        expect(pause).toBeLessThanOrEqual(most);
        expect(pause).toBeGreaterThan(0);
      },
    ),
  );
});

test('a receiver that asks for time gets it, up to an hour', () => {
  expect(backOffMs(1, 1000, 30_000)).toBe(30_000);
  expect(backOffMs(1, 1000, 86_400_000)).toBe(3_600_000);
});
