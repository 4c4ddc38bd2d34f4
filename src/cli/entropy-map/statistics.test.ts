import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Statistics } from './statistics.ts';

const entropies = fc.array(fc.double({ min: 0, max: 8, noNaN: true }), { minLength: 1, maxLength: 400 });

function over(values: readonly number[], exactSamples?: number): Statistics {
  const statistics = new Statistics(6.5, exactSamples);
  for (const value of values) statistics.add(value);
  return statistics;
}

test('beyond the samples that are kept, counts, extremes and mean stay exact and percentiles are within 0.005', () => {
  fc.assert(
    fc.property(entropies, fc.integer({ min: 1, max: 50 }), (values, kept) => {
      const exact = over(values);
      const bounded = over(values, kept);
      expect(bounded.count).toBe(exact.count);
      expect(bounded.above).toBe(exact.above);
      expect([bounded.min, bounded.max, bounded.mean]).toEqual([exact.min, exact.max, exact.mean]);
      for (const share of [0.01, 0.5, 0.9, 0.95, 1]) {
        expect(Math.abs(bounded.percentile(share) - exact.percentile(share))).toBeLessThanOrEqual(0.005);
      }
    }),
  );
});

test('bins are the same, or known to be unknown because the minimum came late', () => {
  fc.assert(
    fc.property(entropies, fc.integer({ min: 1, max: 50 }), (values, kept) => {
      const minimumCameLate = Math.min(...values) < Math.min(...values.slice(0, kept));
      const exact = over(values);
      const known = exact.bins()?.upTo(exact.max);
      expect(known?.[0]?.from).toBe(exact.min);
      expect(over(values, kept).bins()?.upTo(exact.max)).toEqual(minimumCameLate ? undefined : known);
    }),
  );
});

test('bins hold every sample, the largest in the last one', () => {
  fc.assert(
    fc.property(entropies, (values) => {
      const statistics = over(values);
      const bins = statistics.bins()?.upTo(statistics.max) ?? [];
      expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      expect(bins.at(-1)?.count).toBeGreaterThan(0);
    }),
  );
});

test('the mean of many equal samples is that sample', () => {
  const statistics = new Statistics(6.5, 10);
  for (let at = 0; at < 1_000_000; at++) statistics.add(0.1);
  expect(statistics.mean).toBe(0.1);
});
