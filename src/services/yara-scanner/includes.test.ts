import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadEngine } from '../../analyze/yara/load-engine.ts';
import { readRuleFiles, type RuleSources } from './rule-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync('/tmp/backuplens-includes-');
  mkdirSync(join(folder, 'rules'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, source: string): void {
  mkdirSync(dirname(join(folder, 'rules', name)), { recursive: true });
  writeFileSync(join(folder, 'rules', name), source);
}
const read = (): RuleSources => readRuleFiles([join(folder, 'rules')]);
const rule = (name: string, condition = 'true'): string => `rule ${name} { condition: ${condition} }`;

/** What is found in anything, as `namespace/rule`, and what is left out, with its place. */
async function loaded(): Promise<{ found: string[]; rejected: string[] }> {
  const { files, rejected } = read();
  const engine = await loadEngine();
  const { set, report } = engine.prepare(files);
  const options = { scanTimeoutMs: 5000, maxMatchesPerPattern: 1, reads: report.reads };
  const matches = engine.load(set, options).scan(Buffer.from('x'));
  return {
    found: matches.map((match) => `${match.namespace}/${match.rule}`),
    rejected: [...rejected, ...report.rejected].map(
      ({ file, line, column, message }) => `${file}:${line}:${column} ${message}`,
    ),
  };
}

test('an included file stands where its include stands, and on its own as well', async () => {
  put('main.yar', `${rule('first')}\ninclude "parts/shared.yar"\n${rule('last', 'shared and first')}`);
  put('parts/shared.yar', rule('shared'));
  expect(await loaded()).toEqual({
    found: ['main/first', 'main/shared', 'main/last', 'parts/shared/shared'],
    rejected: [],
  });
});

test('an index that only names files brings them in, each with a namespace of its own', async () => {
  put('index.yar', '// all\ninclude "./one.yar"\ninclude "more/two.inc"\ninclude "more/index.inc"');
  put('one.yar', `global rule never { condition: false } ${rule('one')}`);
  put('more/two.inc', rule('two'));
  put('more/index.inc', 'include "three.rules"');
  put('more/three.rules', rule('three'));
  expect(await loaded()).toEqual({
    found: ['more/two.inc/two', 'more/three.rules/three'],
    rejected: [],
  });
});

test('what is looked for beside the file is looked for below the root, too', async () => {
  put('deep/main.yar', `include "lib/a.inc"\n${rule('b', 'a')}`);
  put('lib/a.inc', rule('a'));
  expect((await loaded()).found).toEqual(['deep/main/a', 'deep/main/b']);
});

test('circles end, and nothing is included twice into one file', async () => {
  put('a.yar', `include "b.yar"\ninclude "b.yar"\ninclude "a.yar"\n${rule('a')}`);
  put('b.yar', `include "a.yar"\n${rule('b')}`);
  expect(await loaded()).toEqual({ found: ['a/b', 'a/a', 'b/a', 'b/b'], rejected: [] });
});

test('no include leads out of the rules folder, nor tells whether something is there', async () => {
  writeFileSync(join(folder, 'secret.yar'), `rule secret { meta: s = "the secret" condition: true }`);
  symlinkSync(join(folder, 'secret.yar'), join(folder, 'rules', 'link.inc'));
  execFileSync('mkfifo', [join(folder, 'rules', 'pipe.inc')]);
  const paths = [
    '/etc/passwd',
    '/etc/nothing-there',
    '../secret.yar',
    'link.inc',
    'missing.inc',
    'pipe.inc',
    '.',
  ];
  put('main.yar', `${paths.map((path) => `  include "${path}"`).join('\n')}\n${rule('kept')}`);
  const { found, rejected } = await loaded();
  expect(found).toEqual(['main/kept']);
  expect(rejected).toEqual([
    'main.yar:1:3 include: it leads out of the rules folder',
    'main.yar:2:3 include: it leads out of the rules folder',
    'main.yar:3:3 include: it leads out of the rules folder',
    'main.yar:4:3 include: it leads out of the rules folder',
    'main.yar:5:3 include: no such file',
    'main.yar:6:3 include: not a regular file',
    'main.yar:7:3 include: it leads out of the rules folder',
  ]);
});

test('a fault is named in the file and the line where it was written', async () => {
  put('main.yar', `${rule('a')}\n/* x */ include "part.inc" ${rule('b', 'nob')}\n${rule('c', 'noc')}`);
  put('part.inc', `\n${rule('p', 'nop')}`);
  const { rejected } = await loaded();
  expect(rejected.map((text) => text.split(' ')[0])).toEqual([
    'part.inc:2:21',
    'main.yar:2:48',
    'main.yar:3:21',
  ]);
});

test('includes are bounded in depth and size', async () => {
  for (let n = 0; n < 20; n++) put(`d${n}.inc`, `include "d${n + 1}.inc"\n${rule(`r${n}`)}`);
  put('main.yar', `include "d0.inc"\n${rule('main')}`);
  const { found, rejected } = await loaded();
  expect(found).toHaveLength(17);
  expect(rejected).toEqual(['d15.inc:1:1 include: more than 16 deep']);
  const large = `/* ${'x'.repeat(9 * 1024 * 1024)} */`;
  put('l1.inc', large);
  put('l2.inc', large);
  put('large.yar', `include "l1.inc"\ninclude "l2.inc"\n${rule('large')}`);
  expect(read().rejected.map(({ file, line }) => [file, line])).toContainEqual(['large.yar', 2]);
});

test('the hash changes with what is included', () => {
  put('main.yar', `include "a.inc"\n${rule('b')}`);
  put('a.inc', rule('a'));
  const before = read().sha256;
  put('a.inc', rule('aa'));
  expect(read().sha256).not.toBe(before);
});
