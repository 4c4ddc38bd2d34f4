import { expect, test } from 'vitest';
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
  const { imports, includes, rules } = readSource(source);
  expect(imports).toEqual([{ name: 'pe', line: 1, column: 1 }]);
  expect(includes).toEqual([{ name: 'other/x.yar', line: 3, column: 1 }]);
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
  const [a, b, c] = readSource(`
    rule a { strings: $x = "abc" nocase $h = { 01  02 } condition: $x and $h }
    rule b : tag { meta: by = "b" strings: $x = "abc"  nocase // said so
      $h = { 01 /* x */ 02 } condition:
      $x  and $h }
    rule c { strings: $x = "abc" wide $h = { 01 02 } condition: $x and $h }`).rules;
  expect(a?.body).toBe(b?.body);
  expect(a?.body).not.toBe(c?.body);
});

test('a number of rules can be counted in what breaks off anywhere', () => {
  const source = 'rule a { meta: x = "1" strings: $a = { 00 } condition: $a }\nrule b { condition: a }';
  for (let end = 0; end <= source.length; end++) {
    expect(readSource(source.slice(0, end)).rules.length).toBeLessThanOrEqual(2);
  }
  expect(readSource(source).rules).toHaveLength(2);
});

test.each(['/*', '"\\', '= {', 'rule a {', 'rule a : ', '= {/', '/a', '/aa'])(
  'a megabyte of nothing but %j is read, and not over and over again',
  (piece) => {
    const source = piece.repeat((1024 * 1024) / piece.length);
    expect(readSource(source).imports).toEqual([]);
  },
);
