import { describe, expect, test } from 'vitest';
import { ownName, ransomwareNames, type RansomwareName } from './ransomware-names.ts';

const known = (
  kind: RansomwareName['kind'],
  pattern: string,
  family: string,
  weak = false,
): RansomwareName => ({ kind, pattern, family, source: 'https://example.org/', weak });

const names = ransomwareNames([
  known('extension', '.locky', 'Locky'),
  known('extension', '.locked', 'several', true),
  known('extension', '.bart.zip', 'Bart'),
  known('extension', '.id-????????.[*].*', 'Dharma'),
  known('note', 'ryukreadme.txt', 'Ryuk'),
  known('note', '*readme.txt', 'several', true),
  known('note', 'recover-*-files.txt', 'BlackCat'),
]);

describe('ransomwareNames', () => {
  test.each([
    ['report.docx.locky', 'Locky'],
    ['REPORT.DOCX.LOCKY', 'Locky'],
    ['holiday.jpg.bart.zip', 'Bart'],
    ['a.txt.id-1E857D00.[someone@example.org].bip', 'Dharma'],
    ['a.locky.locked', 'several'],
    ['.profile.locky', 'Locky'],
  ])('%s has an ending of %s', (name, family) => {
    expect(names.extension(name)?.family).toBe(family);
  });

  test.each([
    '.locky',
    'locky',
    'report.locky.docx',
    'report.lockyx',
    'x.zip',
    'a.id-1E857D00.txt',
    '',
    '.',
    '..',
  ])('%j has none', (name) => {
    expect(names.extension(name)).toBeNull();
  });

  test('what is surely a family stands before what many give', () => {
    expect(names.note('RyukReadMe.txt')).toMatchObject({ family: 'Ryuk', weak: false });
    expect(names.note('my-readme.txt')).toMatchObject({ family: 'several', weak: true });
  });

  test('a note is its whole name', () => {
    expect(names.note('RECOVER-dkrpx75-FILES.txt')?.family).toBe('BlackCat');
    expect(names.note('ryukreadme.txt.gz')).toBeNull();
  });

  // Beyond linear, this does not end within the test's time.
  test('a name of a kilobyte that nearly fits is no trouble', () => {
    expect(names.extension(`${'.id-????????.[a'.repeat(70)}.locked!`)).toBeNull();
  });
});

test('the own name is what follows the last separator of any system', () => {
  expect(ownName('home/a/report.docx')).toBe('report.docx');
  expect(ownName(String.raw`C:\Users\a\report.docx`)).toBe('report.docx');
  expect(ownName('report.docx')).toBe('report.docx');
  expect(ownName('folder/')).toBe('');
});
