import { expect, test } from 'vitest';
import { GapRate } from './gap-rate.ts';

type Gaps = Parameters<GapRate['add']>[0]['gaps'];

const gap = (more: Partial<Gaps[number]>): Gaps[number] => ({
  stage: 'unpack',
  by: 'zip',
  reason: 'encrypted',
  trail: ['a'],
  detail: '',
  bytes: null,
  rule: 'review',
  ...more,
});

function rateOf(files: number, withGaps: number, one: Gaps[number] = gap({})): GapRate {
  const rate = new GapRate(0.25);
  for (let at = 0; at < files; at++) rate.add({ gaps: at < withGaps ? [one] : [] }, 0);
  return rate;
}

test('a quarter of the files of an hour is an alarm, half as many are none any more', () => {
  expect(rateOf(40, 10).look(0)).toEqual({ state: 'high', files: 40, with_gaps: 10 });
  expect(rateOf(40, 9).look(0).state).toBe('between');
  expect(rateOf(40, 4).look(0).state).toBe('low');
  expect(rateOf(19, 19).look(0).state).toBe('few');
});

test('what was longer ago than an hour does not count', () => {
  expect(rateOf(40, 40).look(3_600_000)).toEqual({ state: 'few', files: 0, with_gaps: 0 });
});

test('what the policy tolerates or somebody accepted does not count; an engine that was away does', () => {
  expect(rateOf(40, 40, gap({ rule: 'tolerate', reason: 'corrupt' })).look(0).with_gaps).toBe(0);
  expect(rateOf(40, 40, gap({ accepted: 'known' })).look(0).with_gaps).toBe(0);
  expect(rateOf(40, 40, gap({ rule: 'tolerate', reason: 'engine_unavailable' })).look(0).with_gaps).toBe(40);
});
