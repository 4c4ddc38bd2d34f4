import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matches } from './index.ts';

test.each([
  ['**/testdata/**', 'nightly.tar/src/testdata/x.zip', true],
  ['**/testdata/**', 'testdata/x.zip', true],
  ['**/testdata/**', 'nightly.tar/testdata', false],
  ['**/testdata/**', 'nightly.tar/mytestdata/x', false],
  ['**/testdata/**', 'nightly.tar/testdata2/x', false],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'ab', false],
  ['a**b', 'a/x/b', true],
  ['*.zip', 'a.zip', true],
  ['*.zip', 'a/b.zip', false],
  ['**', 'any/thing', true],
  ['**/*.zip', 'a.zip', true],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['a?c', 'a\u{1F600}c', true],
  ['a.c', 'abc', false],
  ['[a]', 'a', false],
  ['A', 'a', false],
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['***/x', 'a/x', true],
  ['*', 'new\nline', true],
])('%j fits %j: %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

test('agrees with the regular expression that means the same', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 9 });
  const pattern = fc.array(fc.constantFrom('a', 'b', '/', '*', '?', '**'), { maxLength: 7 });
  fc.assert(
    fc.property(pattern, text, (parts, path) => {
      const glob = parts.join('');
      const source = glob
        .replace(/(^|\/)\*{2,}\//g, '$1F')
        .replace(/(?<=F)\*{2,}\//g, 'F')
        .replace(/\*{2,}/g, 'A')
        .replace(/\*/g, '[^/]*')
        .replace(/\?/g, '[^/]')
        .replace(/F/g, '(?:.*/)?')
        .replace(/A/g, '.*');
      expect(matches(glob, path)).toBe(new RegExp(`^${source}$`, 's').test(path));
    }),
    { numRuns: 5000 },
  );
});

test('a hostile name costs no more than the product of both lengths', () => {
  const started = performance.now();
  expect(matches(`${'**/*a*'.repeat(20)}b`, 'a/'.repeat(8000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(2000);
});
