import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
// oxlint-disable-next-line house/no-unbounded-read -- a page of ours
const page = readFileSync(join(ROOT, 'docs/service-tests.md'), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  const [, what, file, title] = /^\| (.+?) +\| `(test\/[^`]+)` +\| (.+?) +\|$/.exec(line) ?? [];
  return what === undefined || file === undefined || title === undefined ? [] : [{ what, file, title }];
});

test('every attack and every fault of the service has a test, under just that title', () => {
  expect(rows.length).toBeGreaterThan(70);
  const absent = rows.filter(({ file, title }) => !readFileSync(join(ROOT, file), 'utf8').includes(title));
  expect(absent).toEqual([]);
});
