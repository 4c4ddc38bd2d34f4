import { describe, expect, test } from 'vitest';
import type { RuleFile } from '../../analyze/yara/load-engine.ts';
import { compile } from './compiler.ts';

const file = (name: string, source: string): RuleFile => ({ file: `${name}.yar`, namespace: name, source });
const good = file('good', 'rule good { condition: true }');
const better = file('better', 'rule better { condition: true }');
/** Takes 200 MB more than others, and seconds. */
const greedy = file(
  'greedy',
  Array.from({ length: 100_000 }, (_, n) => `rule r${n} { strings: $a = "literal ${n}" condition: $a }`).join(
    '\n',
  ),
);
const LIMITS = { timeoutMs: 60_000, fileMs: 30_000, memoryBytes: 1024 ** 3 };

describe('a file that the compiler cannot cope with is left out, and all others are kept', () => {
  test('when it takes too much memory', async () => {
    const { report } = await compile([good, greedy, better], 'native', {
      ...LIMITS,
      memoryBytes: 160 * 1024 ** 2,
    });
    expect(report.rules).toBe(2);
    expect(report.rejected).toEqual([
      {
        file: 'greedy.yar',
        line: null,
        column: null,
        message: 'compiling it takes more than 160 MiB; the file is left out',
      },
    ]);
  });

  test('when it takes too long', async () => {
    const { report } = await compile([good, greedy, better], 'native', {
      ...LIMITS,
      timeoutMs: 2500,
      fileMs: 800,
    });
    expect(report.rules).toBe(2);
    expect(report.rejected).toEqual([
      expect.objectContaining({
        file: 'greedy.yar',
        message: 'compiling it takes too long; the file is left out',
      }),
    ]);
  });
});

test('where all together take too much, nothing is put in force', async () => {
  await expect(compile([good], 'native', { ...LIMITS, memoryBytes: 1024 ** 2 })).rejects.toThrow(
    'the rules together do not compile: takes more than 1 MiB',
  );
});
