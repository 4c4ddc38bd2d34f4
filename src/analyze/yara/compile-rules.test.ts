import { expect, test } from 'vitest';
import { countRules, rejectedBy } from './compile-rules.ts';

test('counts rules, not the word in comments, strings and regular expressions', () => {
  const source = String.raw`
    // rule one {
    /* rule two { */
    private global rule three : tag { meta: a = "rule four {" strings: $a = /x\/rule five\// condition: $a }
    rule six{condition:true}
    rule
      seven { condition: three }`;
  expect(countRules(source)).toBe(3);
});

test('a report becomes one line that holds nothing of the source', () => {
  const report =
    'error[E001]: syntax error\n --> line:7:12\n  |\n7 | the secret line\n  | ^^^ expecting `condition`';
  expect(rejectedBy('x.yar', report)).toEqual({
    file: 'x.yar',
    line: 7,
    column: 12,
    message: 'syntax error',
  });
  expect(rejectedBy('x.yar', '')).toEqual({ file: 'x.yar', line: null, column: null, message: '' });
});
