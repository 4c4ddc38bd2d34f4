import { array, assert, constantFrom, property } from 'fast-check';
import { expect, test } from 'vitest';
import { readSource, without } from './rule-source.ts';

const texts = (source: string): string[] =>
  readSource(source).rules.map(({ start, end }) => source.slice(start, end));

test('finds rules with their modifiers, not the word in comments, strings and regular expressions', () => {
  const source = String.raw`
    // rule one {
    /* rule two { */
    private global rule three : tag { meta: a = "rule four {" strings: $a = /x\/rule five\// $h = { 4D [2-3] ( 5A | 00 ) } condition: $a }
    rule six{condition:true}
    rule
      seven { condition: three }`;
  expect(texts(source).map((text) => text.split(/\s*[:{]/)[0]?.replace(/\s+/g, ' '))).toEqual([
    'private global rule three',
    'rule six',
    'rule seven',
  ]);
});

test('a rule without its last brace ends where the next one begins', () => {
  const source = 'rule a { condition: true\nprivate rule b { condition: true }\nrule c { strings: $a = {';
  expect(texts(source).map((text) => text.trim())).toEqual([
    'rule a { condition: true',
    'private rule b { condition: true }',
    'rule c { strings: $a = {',
  ]);
  expect(readSource(source).rules.map(({ closed }) => closed)).toEqual([false, true, false]);
});

test('includes stand outside of rules, and words are no fields', () => {
  const source =
    'import "hash"\ninclude "a/b.yar"\nrule r { condition: hash.md5(0, 1) == md5 and "include" != "x" }';
  const { includes, words } = readSource(source);
  expect(includes).toEqual([{ start: 14, end: 31, name: 'a/b.yar' }]);
  expect([words.has('md5'), words.has('hash'), readSource('hash.md5').words.has('md5')]).toEqual([
    true,
    true,
    false,
  ]);
});

test('whatever the source, rules lie in it one behind the other, and without them it keeps its lines', () => {
  const pieces = [
    'rule ',
    'r ',
    '{',
    '}',
    '"',
    '/',
    '*',
    '/*',
    '*/',
    '\n',
    'private ',
    'include ',
    '😀',
    ':',
    '\\',
    '$a=',
  ];
  assert(
    property(array(constantFrom(...pieces), { maxLength: 60 }), (chosen) => {
      const source = chosen.join('');
      const { rules } = readSource(source);
      let before = 0;
      for (const { start, end } of rules) {
        expect(start).toBeGreaterThanOrEqual(before);
        expect(end).toBeGreaterThan(start);
        before = end;
      }
      expect(before).toBeLessThanOrEqual(source.length);
      expect(without(source, rules).split('\n')).toHaveLength(source.split('\n').length);
    }),
  );
});
