import { describe, expect, test } from 'vitest';
import { deceptionOf } from './deceptive-name.ts';

const PE = { mime: 'application/vnd.microsoft.portable-executable', by: 'signature' } as const;
const rule = (name: string): string | null => deceptionOf(name, PE)?.rule ?? null;

describe('a name deceives', () => {
  test.each([
    ['invoice.pdf.exe', 'double-extension'],
    ['Photo.JPG.SCR', 'double-extension'],
    ['report.docx.js', 'double-extension'],
    ['list.xlsx.lnk', 'double-extension'],
    ['scan.pdf .exe', 'double-extension'],
    ['scan.pdf\u200b.exe', 'double-extension'],
    ['scan.p\u00addf.exe', 'double-extension'],
    ['scan.pdf.\u2060exe', 'double-extension'],
    ['scan.pdf\u{e0041}.exe', 'double-extension'],
    ['scan.pdf.exe.', 'double-extension'],
    ['scan.pdf.exe \u200f', 'double-extension'],
    ['scan.pdf.\uff45\uff58\uff45', 'double-extension'],
    [`scan.pdf${'_'.repeat(60)}.exe`, 'double-extension'],
    ['scan.pdf.desktop', 'double-extension'],
    ['scan.pdf.library-ms', 'double-extension'],
    ['invoice\u202efdp.exe', 'right-to-left-name'],
    ['a\u202dtxt.exe', 'right-to-left-name'],
    ['annex\u2067gpj.exe', 'right-to-left-name'],
    [`invoice.pdf${' '.repeat(60)}.exe`, 'blanks-before-ending'],
    [`invoice.pdf${'\u00a0'.repeat(3)}.exe`, 'blanks-before-ending'],
    [`invoice.pdf${'\u3000'.repeat(8)}.zzz`, 'blanks-before-ending'],
    ['invoice.pdf\u3164.exe', 'blanks-before-ending'],
    ['invoice\u2800.scr', 'blanks-before-ending'],
    ['report.dос', 'look-alike-name'],
    ['setup.еxe', 'look-alike-name'],
    ['invoice\u2024pdf .x', 'look-alike-name'],
    ['report\uff0epdf', 'look-alike-name'],
  ])('%j: %s', (name, expected) => {
    expect(rule(name)).toBe(expected);
  });
});

describe('a name does not deceive', () => {
  test.each([
    'setup.exe',
    'pdf.exe',
    '.pdf.exe',
    'a.b.exe',
    'jquery.min.js',
    'index.html.js',
    'image.png.js',
    'pdf.worker.js',
    'notes.txt',
    'archive.tar.gz',
    'photo 2026 (1).jpg',
    'a    b.txt',
    'документ.docx',
    'файл.док',
    'δοκιμή.txt',
    'מסמך\u2067abc\u2069.pdf',
    'עברית.docx',
    'report.pdf.zip',
    'pkg-1.0.zip.jar',
    'x.txt.bat.bak',
    'org.kde.okular.desktop',
    'a_pdf_.exe',
    'zh-全角．名',
    '',
    '.',
    '..',
  ])('%j', (name) => {
    expect(rule(name)).toBeNull();
  });
});

test('nothing of the name but code points and the ending is in the words', () => {
  const found = deceptionOf('\u001b[2Jevil\u202efdp.exe', PE);
  expect(JSON.stringify(found)).not.toMatch(/evil|\\u001b|\u202e/);
  expect(found?.detail).toContain('U+202E');
});

test('what is really a document is no program, and an empty file is nothing', () => {
  expect(deceptionOf('invoice.pdf.exe', { mime: 'application/x-empty', by: 'empty' })).toBeNull();
});

// Beyond linear, this does not end within the test's time.
test.each([
  ' '.repeat(100_000),
  '.'.repeat(100_000),
  '\u3164'.repeat(50_000),
  ' .'.repeat(50_000),
  `.pdf${'_ '.repeat(50_000)}.exe`,
  `.pdf.exe${' .'.repeat(50_000)}x`,
  'a\u2024'.repeat(50_000),
])('a name without end is no trouble (%#)', (name) => {
  expect(() => deceptionOf(`x${name}`, PE)).not.toThrow();
});
