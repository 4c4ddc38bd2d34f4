import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteLedger } from './byte-ledger.ts';

const SIZE = 300;
const RANGES = fc.array(fc.tuple(fc.integer({ min: -20, max: SIZE + 20 }), fc.nat(40)), { maxLength: 400 });

test('what is unclaimed is every byte that no claim covers, in order and apart from each other', () => {
  fc.assert(
    fc.property(RANGES, (ranges) => {
      const ledger = new ByteLedger(SIZE);
      const covered = new Set<number>();
      for (const [start, length] of ranges) {
        ledger.claim(start, start + length);
        for (let at = start; at < start + length; at++) covered.add(at);
      }
      const seen = ledger.unclaimed().flatMap(({ start, end }) => {
        expect(start).toBeLessThan(end);
        return Array.from({ length: end - start }, (_, i) => start + i);
      });
      expect(seen).toEqual(Array.from({ length: SIZE }, (_, i) => i).filter((at) => !covered.has(at)));
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('a claim after a look at what is unclaimed still counts', () => {
  const ledger = new ByteLedger(10);
  ledger.claim(2, 4);
  expect(ledger.unclaimed()).toEqual([
    { start: 0, end: 2 },
    { start: 4, end: 10 },
  ]);
  ledger.claim(4, 6);
  ledger.claim(0, 1);
  expect(ledger.unclaimed()).toEqual([
    { start: 1, end: 2 },
    { start: 6, end: 10 },
  ]);
});
