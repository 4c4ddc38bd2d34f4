import { expect, test } from 'vitest';
import type { ExaminedFile } from '../../contracts/index.ts';
import { lintRules } from './lint-rules.ts';

const SAMPLES = 20;
type Rule = ExaminedFile['rules'][number];

const rule = (name: string, facts: Partial<Rule> = {}): Rule => ({
  rule: name,
  file: '',
  line: 1,
  column: 6,
  private: false,
  global: false,
  tags: [],
  meta: { description: 'd', author: 'a' },
  patterns: 1,
  same: null,
  ordinary: 0,
  empty: false,
  ms_per_mb: null,
  ...facts,
});
const file = (name: string, rules: readonly Rule[], cost: number | null = 1): ExaminedFile => ({
  file: name,
  namespace: name,
  problems: [],
  rules: rules.map((each) => ({ ...each, file: name })),
  ms_per_mb: cost,
});
const told = (...files: ExaminedFile[]): [string, string | null][] =>
  lintRules(files, SAMPLES).map(({ code, rule: name }) => [code, name]);

test.each<[string, Partial<Rule>, string[]]>([
  ['found nowhere', {}, []],
  ['found in a few samples', { ordinary: 4 }, []],
  ['found in a quarter', { ordinary: 5 }, ['matches_much']],
  ['found in four fifths', { ordinary: 16 }, ['matches_everything']],
  ['found in all, and in an empty file', { ordinary: 20, empty: true }, ['matches_everything']],
  ['found in an empty file only', { empty: true }, ['matches_empty']],
  ['global, and true of all', { ordinary: 20, global: true }, []],
  ['private, and never told', { ordinary: null, private: true }, []],
  ['without a description', { meta: { author: 'a' } }, ['missing_meta']],
  ['with what every object has for meta', { meta: {} }, ['missing_meta']],
])('a rule that is %s', (_what, facts, codes) => {
  expect(told(file('a', [rule('r', facts)])).map(([code]) => code)).toEqual(codes);
});

test('slow is what is much slower than the middle one, and slow at all', () => {
  const others = Array.from({ length: 9 }, (_, index) => file(`f${index}`, [rule(`r${index}`)], 4));
  expect(told(...others, file('slow', [rule('s')], 19))).toEqual([]);
  expect(told(...others, file('slow', [rule('s')], 20))).toEqual([['slow_rule', null]]);
  const quick = others.map((each) => ({ ...each, ms_per_mb: 0.1 }));
  expect(told(...quick, file('slow', [rule('s')], 4.9))).toEqual([]);
});

test('of a slow file the rules that make it slow are named', () => {
  const rules = [rule('quick', { ms_per_mb: 0.1 }), rule('slow', { ms_per_mb: 90 })];
  expect(told(file('a', rules, 95))).toEqual([['slow_rule', 'slow']]);
});

test('the same under two names, and two under the same name, are told once each', () => {
  const same = { same: 'x' };
  expect(
    told(
      file('a', [rule('one', same)]),
      file('b', [rule('two', same), rule('one', { line: 2 })]),
      file('c', [rule('one', same), rule('helper', { ...same, line: 9, private: true })]),
    ),
  ).toEqual([
    ['duplicate_rule', 'two'],
    ['duplicate_name', 'one'],
    ['duplicate_rule', 'one'],
  ]);
});
