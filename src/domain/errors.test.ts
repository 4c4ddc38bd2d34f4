import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BackupLensError, ERRORS } from './index.ts';

const documented = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, code = '', summary, exit, remedy] = line.split('|').map((cell) => cell.trim());
    return { code: code.replaceAll('`', ''), summary, exit: Number(exit), remedy };
  });

test('docs/errors.md has every error of the table and no other, in the same order and words', () => {
  const table = Object.entries(ERRORS).map(([code, { summary, exit }]) => ({ code, summary, exit }));
  expect(documented.map(({ remedy: _remedy, ...row }) => row)).toEqual(table);
});

test('docs/errors.md says for each error what to do, in a sentence of its own', () => {
  const remedies = documented.map((row) => row.remedy ?? '');
  expect(remedies.filter((remedy) => remedy.length < 20)).toEqual([]);
  expect(new Set(remedies).size).toBe(remedies.length);
});

test('every error leads to exit code 2: the job could not be done; a bundle that is refused is an answer: 1', () => {
  const { BL_BUNDLE: refused, ...others } = ERRORS;
  expect(refused.exit).toBe(1);
  expect(Object.values(others).filter(({ exit }) => exit !== 2)).toEqual([]);
});

test('an error carries its code, its next step and what caused it', () => {
  const cause = new Error('why');
  const error = new BackupLensError('BL_RULES', 'what', { hint: 'next', cause });
  expect(error).toMatchObject({
    name: 'BackupLensError',
    code: 'BL_RULES',
    message: 'what',
    hint: 'next',
    cause,
  });
  expect(new BackupLensError('BL_RULES', 'what').hint).toBeNull();
});
