import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readToken } from './token.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync('/tmp/backuplens-token-');
});
afterAll(() => rmSync(home, { recursive: true }));

function fileWith(text: string): string {
  const path = join(home, 'token');
  writeFileSync(path, text);
  return path;
}

test('a token is what is set, or what its file holds, which stands above', () => {
  expect(readToken('API_TOKEN', { token: null, file: null })).toBeNull();
  expect(readToken('API_TOKEN', { token: 'abc', file: null })).toBe('abc');
  expect(readToken('YARA_TOKEN', { token: 'abc', file: fileWith(' def\r\n') })).toBe('def');
});

test.each([
  ['', 'is empty'],
  [' \n', 'is empty'],
  ['two words', 'is no token'],
  ['a\r\nhost: b', 'is no token'],
  ['schlüssel', 'is no token'],
  ['x'.repeat(4097), 'larger than'],
])('what is none ends the start, and is not shown: %j', (text, why) => {
  expect(() => readToken('API_TOKEN', { token: null, file: fileWith(text) })).toThrow(why);
  if (text.length > 4096) return;
  expect(() => readToken('YARA_TOKEN', { token: text, file: null })).toThrow(why);
  const shown = text.trim() === '' ? 'nothing like it' : text.trim();
  expect(() => readToken('YARA_TOKEN', { token: text, file: null })).not.toThrow(shown);
});

test('a file that is not there, or no file, is named', () => {
  for (const file of [join(home, 'nowhere'), home]) {
    expect(() => readToken('YARA_TOKEN', { token: null, file })).toThrow(`YARA_TOKEN_FILE: "${file}"`);
  }
});
