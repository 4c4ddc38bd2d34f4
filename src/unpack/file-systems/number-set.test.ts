import { expect, test } from 'vitest';
import { NumberSet } from './number-set.ts';

test('what was there before is known, however many there are', () => {
  const set = new NumberSet(100_000);
  // As inodes of many groups are numbered: they differ in their upper halves only.
  const numbers = Array.from({ length: 20_000 }, (_, i) => (i % 500) * 2 ** 36 + Math.floor(i / 500));
  for (const number of numbers) expect(set.add(number)).toBe('new');
  for (const number of numbers) expect(set.add(number)).toBe('known');
});

test('beyond its most it says that it is full, and still knows the others', () => {
  const set = new NumberSet(2);
  expect([5, 0, 7, 5, 7].map((number) => set.add(number))).toEqual(['new', 'new', 'full', 'known', 'full']);
});
