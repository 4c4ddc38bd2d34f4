import { expect, test } from 'vitest';
import { declarationsIn } from './rule-declarations.ts';
import { readSource } from './rule-source.ts';

test('reads rules, tags, meta and where each stands', () => {
  const source = String.raw`import "pe"
/* rule nothing { condition: true } */
include "other/x.yar" // rule nothing_either
private global rule one : t1 t2 {
  meta:
    author = "A \"quoted\" name"
    severity = -7
    shared = true
  strings:
    $a = "rule { condition: }"
    $b = { 01 [2-4] /* } */ ( 02 | ?3 ) }
    $c = /a\/b{2,3}[^}]/i
  condition:
    any of them and two
}
  rule two { condition: for any i in (1..3) : ( i > 2 ) }`;
  const { imports, includes } = readSource(source);
  expect(imports).toEqual([{ name: 'pe', start: 0, end: 11 }]);
  expect(includes).toMatchObject([{ name: 'other/x.yar' }]);
  expect(source.slice(includes[0]?.start, includes[0]?.end)).toBe('include "other/x.yar"');
  const rules = declarationsIn(source);
  expect(rules).toMatchObject([
    {
      name: 'one',
      line: 4,
      column: 21,
      isPrivate: true,
      isGlobal: true,
      tags: ['t1', 't2'],
      meta: { author: 'A "quoted" name', severity: -7, shared: true },
      patterns: 3,
      uses: ['any', 'of', 'them', 'and', 'two'],
    },
    { name: 'two', line: 16, column: 8, isPrivate: false, isGlobal: false, tags: [], meta: {}, patterns: 0 },
  ]);
  const [one, two] = rules;
  expect(source.slice(one?.start, one?.end)).toMatch(/^private global rule one[^]*and two\n}$/);
  expect(source.slice(two?.start, two?.end)).toMatch(/^rule two .*}$/);
});

test('rules that find the same have the same body, however they are written', () => {
  const [a, b, c] = declarationsIn(`
    rule a { strings: $x = "abc" nocase $h = { 01  02 } condition: $x and $h }
    rule b : tag { meta: by = "b" strings: $x = "abc"  nocase // said so
      $h = { 01 /* x */ 02 } condition:
      $x  and $h }
    rule c { strings: $x = "abc" wide $h = { 01 02 } condition: $x and $h }`);
  expect(a?.body).toBe(b?.body);
  expect(a?.body).not.toBe(c?.body);
});

test('a number of rules can be counted in what breaks off anywhere', () => {
  const source = 'rule a { meta: x = "1" strings: $a = { 00 } condition: $a }\nrule b { condition: a }';
  for (let end = 0; end <= source.length; end++) {
    expect(declarationsIn(source.slice(0, end)).length).toBeLessThanOrEqual(2);
  }
  expect(declarationsIn(source)).toHaveLength(2);
});

test.each([
  '/*',
  '"\\',
  '= {',
  'rule a {',
  'rule a : ',
  '= {/',
  '/a',
  '/aa',
  '\\/',
  '/\\/',
  '= {/**/',
  '={//\n',
  '= { 00 (',
  '{',
  '}',
  'rule a { strings: $a = {/**/',
  'private ',
])('a megabyte of nothing but %j is read, and not over and over again', (piece) => {
  const source = piece.repeat((1024 * 1024) / piece.length);
  expect(readSource(source).imports).toEqual([]);
  expect(declarationsIn(source).every(({ name }) => name === 'a')).toBe(true);
});

test('an unbounded row of comments in a hexadecimal string without an end is read at once', () => {
  const source = `rule a { strings: $a = { ${'/**/'.repeat(100_000)} condition: $a } rule b { condition: true }`;
  expect(declarationsIn(source).map(({ name }) => name)).toEqual(['a', 'b']);
});
