import { expect, test } from 'vitest';
import { offsetOf, readReport } from './compiler-report.ts';

test('a report becomes code, words and place, and holds nothing of the source', () => {
  const report =
    'Compilation error (E009): error[E009]: unknown identifier `secret`\n --> line:7:12\n  |\n7 | the secret line\n  | ^^^ what';
  expect(readReport(report)).toEqual({ code: 'E009', title: 'unknown identifier', line: 7, column: 12 });
  expect(readReport('')).toEqual({ code: '', title: '', line: null, column: null });
});

test('a place counts characters, as the compiler does', () => {
  const source = 'one\n😀 two\r\nthree';
  const at = (line: number, column: number): number | null =>
    offsetOf(source, { code: '', title: '', line, column });
  expect(source.slice(at(2, 3) ?? 0, (at(2, 3) ?? 0) + 3)).toBe('two');
  expect(source.slice(at(3, 1) ?? 0)).toBe('three');
  expect(at(9, 1)).toBeNull();
});
