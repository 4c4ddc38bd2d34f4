import { afterEach, expect, test } from 'vitest';
import { examineRules } from '../src/pipeline/rules/index.ts';
import { descendants } from './kit/process-cost.ts';
import { ruleFolder, type RuleFolder } from './kit/yara/rule-folder.ts';

let rules: RuleFolder;
afterEach(() => rules.remove());

/** Compiling it takes the engine a quarter of a minute and 2 GB. */
const HEAVY = `rule Heavy { condition: filesize ${'+ 1 '.repeat(400_000)} == 1 }`;

test('a file on which the engine hangs is given up, and its process is ended', async () => {
  rules = ruleFolder({
    'a.yar': 'rule A { condition: filesize == 77 }',
    'b.yar': HEAVY,
    'c.yar': 'rule C { condition: filesize == 77 }',
  });
  const seen: [string, number, number][] = [];
  const { files, engine } = await examineRules({
    folders: [rules.path],
    mode: 'check',
    silenceLimitMs: 3000,
    onFile: (file, at, of) => void seen.push([file, at, of]),
  });
  expect(engine).toMatch(/^YARA-X/);
  expect(
    files.map(({ file, rules: found, problems }) => [file, found.length, problems.map(({ code }) => code)]),
  ).toEqual([
    ['a.yar', 1, []],
    ['b.yar', 0, ['engine_ended']],
    ['c.yar', 1, []],
  ]);
  expect(files[1]?.problems[0]?.message).toMatch(/does not come back|takes more than 2 GB/);
  expect(seen).toEqual([
    ['a.yar', 0, 3],
    ['b.yar', 1, 3],
    ['c.yar', 2, 3],
  ]);
  expect(descendants(process.pid)).toEqual([]);
});
