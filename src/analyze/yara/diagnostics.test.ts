import { expect, test } from 'vitest';
import { diagnosticOf } from './diagnostics.ts';

test('says what and where, and what to do, and quotes nothing', () => {
  const report = `error[E009]: unknown identifier \`pe\`
 --> line:12:20
   |
12 | rule a {condition: pe.x and "a secret line"}
   |                    ^^ this identifier has not been declared
   |
   = note: there is a module named \`pe\`, but the \`import "pe"\` statement is missing
help: consider the following change
   |
1  + import "pe"
   |`;
  expect(diagnosticOf(report)).toEqual({
    severity: 'error',
    code: 'E009',
    message: 'unknown identifier `pe`: this identifier has not been declared',
    hint: 'there is a module named `pe`, but the `import "pe"` statement is missing',
    line: 12,
    column: 20,
  });
});

test('a warning is one, and the first of two places counts', () => {
  const report = `warning[unsatisfiable_expr]: unsatisfiable expression
 --> line:1:39
  |
1 | rule a {condition: hash.md5(0,filesize) == "abc"}
  |                    ---------------    ----- the length of this string is 3
  |                    |
  |                    the length of this string is 32`;
  expect(diagnosticOf(report)).toMatchObject({
    severity: 'warning',
    code: 'unsatisfiable_expr',
    message: 'unsatisfiable expression: the length of this string is 3',
    line: 1,
    column: 39,
  });
});

test('what is no report is told as it is, bounded', () => {
  expect(diagnosticOf('x'.repeat(10_000))).toEqual({
    severity: 'error',
    code: 'compiler',
    message: 'x'.repeat(300),
    hint: null,
    line: null,
    column: null,
  });
});
