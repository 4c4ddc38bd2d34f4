import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { OVERLAP_BYTES, WINDOW_BYTES, windowsOf } from './windows.ts';

test('windows cover every byte once, overlap, and none is longer than an engine takes or shorter than the rest', () => {
  assert(
    property(integer({ min: 0, max: 2 ** 36 }), (size) => {
      const windows = [...windowsOf(size)];
      expect(windows.reduce((sum, { fresh }) => sum + fresh, 0)).toBe(size);
      expect(windows.at(-1)?.end).toBe(size);
      for (const [index, { start, end, fresh }] of windows.entries()) {
        expect(end - start).toBe(Math.min(size, WINDOW_BYTES + OVERLAP_BYTES));
        expect(end - fresh - start).toBeGreaterThanOrEqual(index === 0 ? 0 : OVERLAP_BYTES);
      }
    }),
    { numRuns: 50 },
  );
});

test('what fits is one window', () => {
  expect([...windowsOf(WINDOW_BYTES + OVERLAP_BYTES)]).toHaveLength(1);
  expect([...windowsOf(WINDOW_BYTES + OVERLAP_BYTES + 1)]).toHaveLength(2);
  expect([...windowsOf(0)]).toEqual([{ start: 0, end: 0, fresh: 0 }]);
});
