import { expect, test } from 'vitest';
import { DECISIONS, harsher, isRoot } from './index.ts';

test('of two decisions the later in the list is harsher, whichever comes first', () => {
  for (const [i, a] of DECISIONS.entries()) {
    for (const [j, b] of DECISIONS.entries()) expect(harsher(a, b)).toBe(DECISIONS[Math.max(i, j)]);
  }
});

test('a trail of one name is the file that was given', () => {
  expect(isRoot(['a.tar'])).toBe(true);
  expect(isRoot(['a.tar', 'b'])).toBe(false);
});
