import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRuleFiles } from './rule-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync('/tmp/backuplens-rules-');
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, content: string | Buffer): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), content);
}

test('rule files are read from all folders below, in order of their names, one namespace each', () => {
  put('b.yar', 'B');
  put('a/deep/x.YARA', 'X');
  put('a/readme.txt', 'no rule');
  put('b.yara', 'B2');
  const { files, rejected, sha256 } = readRuleFiles([folder]);
  expect(files.map(({ file, namespace, source }) => [file, namespace, source])).toEqual([
    ['a/deep/x.YARA', 'a/deep/x', 'X'],
    ['b.yar', 'b', 'B'],
    ['b.yara', 'b#2', 'B2'],
  ]);
  expect(rejected).toEqual([]);
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('what two folders have alike is taken once; another content of the same name is taken beside it', () => {
  put('one/same.yar', 'S');
  put('one/other.yar', 'A');
  put('two/same.yar', 'S');
  put('two/other.yar', 'B');
  const { files, rejected } = readRuleFiles([join(folder, 'one'), join(folder, 'two')]);
  expect(files.map(({ namespace, source }) => [namespace, source])).toEqual([
    ['other', 'A'],
    ['same', 'S'],
    ['other#2', 'B'],
  ]);
  expect(rejected).toEqual([]);
});

test('the hash changes with a name and with a content', () => {
  put('a.yar', 'A');
  const before = readRuleFiles([folder]).sha256;
  put('a.yar', 'B');
  const content = readRuleFiles([folder]).sha256;
  rmSync(join(folder, 'a.yar'));
  put('b.yar', 'A');
  expect(new Set([before, content, readRuleFiles([folder]).sha256]).size).toBe(3);
  rmSync(join(folder, 'b.yar'));
  expect(readRuleFiles([folder])).toEqual({ files: [], rejected: [], sha256: null });
});

test('a file that is too large, no UTF-8, a FIFO or a link that leads out is named, and the others are kept', () => {
  put('good.yar', 'G');
  put('bom.yar', '\uFEFFB');
  put('large.yar', Buffer.alloc(10 * 1024 * 1024 + 1, 'x'));
  put('latin.yar', Buffer.from('ok\nok\n\xE9\n', 'latin1'));
  execFileSync('mkfifo', [join(folder, 'pipe.yar')]);
  symlinkSync('/etc/passwd', join(folder, 'out.yar'));
  symlinkSync('nowhere', join(folder, 'dangling.yar'));
  symlinkSync('good.yar', join(folder, 'again.yar'));
  const { files, rejected } = readRuleFiles([folder]);
  expect(files.map(({ file, source }) => [file, source])).toEqual([
    ['again.yar', 'G'],
    ['bom.yar', 'B'],
    ['good.yar', 'G'],
  ]);
  expect(Object.fromEntries(rejected.map(({ file, line, message }) => [file, [line, message]]))).toEqual({
    'dangling.yar': [null, 'no such file or folder'],
    'large.yar': [null, 'larger than 10485760 bytes'],
    'latin.yar': [3, 'not valid UTF-8'],
    'out.yar': [null, 'a link that leads out of the rules folder'],
    'pipe.yar': [null, 'not a regular file'],
  });
});

test('a loop of links ends', () => {
  put('a/r.yar', 'R');
  symlinkSync('..', join(folder, 'a/up'));
  expect(readRuleFiles([folder]).files.map(({ file }) => file)).toEqual(['a/r.yar']);
});

test('a folder that is not there, or is no folder, is an error with a next step', () => {
  put('file', '');
  for (const wrong of ['missing', 'file']) {
    expect(() => readRuleFiles([join(folder, wrong)])).toThrow(
      expect.objectContaining({ code: 'BL_RULES', hint: expect.stringContaining('--rules') }),
    );
  }
});
