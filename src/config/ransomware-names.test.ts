import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackupLensError, ransomwareNames } from '../domain/index.ts';
import { loadRansomwareNames } from './index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ransomware-names-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string | Buffer): ReturnType<typeof loadRansomwareNames> {
  const path = join(folder, 'names.txt');
  writeFileSync(path, text);
  return loadRansomwareNames(path);
}

/** What loading it complains of, without the path. */
function complaint(text: string | Buffer): string {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof BackupLensError) || error.code !== 'BL_CONFIG') throw error;
    return error.message.replaceAll(join(folder, 'names.txt'), 'FILE');
  }
  throw new Error('it was accepted');
}

const entry = (lines: string): string => `family Test\nfrom https://example.org/\n${lines}\n`;

describe('the delivered list', () => {
  const delivered = loadRansomwareNames();

  test('holds hundreds of endings and notes, each with family and source', () => {
    expect(delivered.filter(({ kind }) => kind === 'extension').length).toBeGreaterThan(400);
    expect(delivered.filter(({ kind }) => kind === 'note').length).toBeGreaterThan(200);
    for (const { family, source } of delivered) {
      expect(family).not.toBe('');
      expect(source).toMatch(/^https:\/\//);
    }
  });

  test.each([
    ['report.docx.lockbit', 'LockBit', false],
    ['report.docx.WNCRY', 'WannaCry', false],
    ['report.docx.locked', 'several families', true],
    ['report.docx.id-1E857D00.[help@example.org].dharma', 'Dharma (CrySIS)', false],
  ])('knows the ending of %s', (name, family, weak) => {
    expect(ransomwareNames(delivered).extension(name)).toMatchObject({ family, weak });
  });

  test.each([
    ['@Please_Read_Me@.txt', 'WannaCry', false],
    ['RyukReadMe.txt', 'Ryuk', false],
    ['HOW_TO_DECRYPT_MY_FILES.txt', 'several families', false],
    ['README.txt', 'several families', true],
    ['HOW_TO_DECRYPT_IT.txt', 'several families', true],
    ['ИНСТРУКЦИЯ ПО РАСШИФРОВКЕ.TXT', 'several families', false],
  ])('knows the note %s', (name, family, weak) => {
    expect(ransomwareNames(delivered).note(name)).toMatchObject({ family, weak });
  });

  test('counts no ending for sure that others may well give: short, or that of an ordinary file type', () => {
    const sure = delivered.filter(({ kind, weak }) => kind === 'extension' && !weak);
    expect(sure.filter(({ pattern }) => pattern.length < 5)).toEqual([]);
    const names = ransomwareNames(delivered);
    const ordinary = [
      'a.pysa',
      'a.html.leex',
      'a.maql',
      'a.enc',
      'a.lock',
      'a.crypt',
      'a.inc',
      'disk.img.00000001',
    ];
    expect(ordinary.filter((name) => names.extension(name)?.weak !== true)).toEqual([]);
  });

  test.each([
    'report.docx',
    'holiday.jpg',
    '[Group] Film [1080p].[0A1B2C3D].[x264].mkv',
    'nightly.tar.gz',
    'server.key.pem',
    'syslog.1.gz',
    'dump.sql.zst',
    'a.gpg',
    'a.age',
    'vault.kdbx',
    'node.prom.txt',
    'package-lock.json',
    'libfoo.so.6.1',
  ])('has nothing to say of %s', (name) => {
    expect(ransomwareNames(delivered).extension(name)).toBeNull();
    expect(ransomwareNames(delivered).note(name)).toBeNull();
  });
});

describe('a list of names', () => {
  test('says of each pattern what it is, whose, and where it is written', () => {
    const text = [
      '# names',
      'list known https://example.org/list',
      'family Test & Co. (2)',
      'from known',
      '  endings  .ABC1\t.zip.x ',
      '  weak note  # Read Me #*.txt',
      'from https://example.org/',
      '  weak endings .abc',
    ];
    const of = { family: 'Test & Co. (2)', source: 'https://example.org/list' };
    const expected = [
      { ...of, kind: 'extension', pattern: '.abc1', weak: false },
      { ...of, kind: 'extension', pattern: '.zip.x', weak: false },
      { ...of, kind: 'note', pattern: '# read me #*.txt', weak: true },
      { ...of, kind: 'extension', pattern: '.abc', source: 'https://example.org/', weak: true },
    ];
    expect(load(text.join('\n'))).toEqual(expected);
    expect(load(`\uFEFF${text.join('\r\n')}\r\n`)).toEqual(expected);
  });

  test.each([
    ['an unknown word', entry('extensions .abc'), /FILE:3:1: expected list, family, from, endings/],
    ['a weak family', 'weak family Test\n', /FILE:1:1: expected list/],
    ['a pattern without a family', 'endings .abc\n', /FILE:1:1: expected a family and a from line before it/],
    ['no source', 'family Test\n  note a.txt\n', /FILE:2:1: expected a family and a from line before it/],
    ['the source of the family before', entry('family Two\nnote a.txt'), /FILE:4:1: expected a family and a/],
    ['a source without https', 'family T\nfrom http://example.org/\n', /FILE:2:6: .* an https address/],
    ['an unknown list', 'family T\nfrom elsewhere\n', /FILE:2:6: .* the name of a list above/],
    ['a source before its family', 'from https://example.org/\n', /FILE:1:1: expected a family/],
    ['a list without an address', 'list elsewhere\n', /FILE:1:6: expected a name of one word and an https/],
    [
      'a list twice',
      'list a https://a.example/\nlist a https://b.example/\n',
      /FILE:2:6: a stands there already/,
    ],
    ['no name of a family', 'family\n', /FILE:1:7: expected the name of a family/],
    ['an ending without a dot', entry('  weak endings .abc abc'), /FILE:3:21: expected endings/],
    ['no endings', entry('endings'), /FILE:3:8: expected endings/],
    [
      'a folder in a name',
      entry('note a/b.txt'),
      /FILE:3:6: expected the name of a file.*none of them a slash/,
    ],
    ['a control character', entry('note a\u001B[2J'), /FILE:3:7: expected no control characters/],
    ['a tab in a name', entry('note a\tb'), /FILE:3:6: expected the name of a file/],
    ['what fits everything', entry('note *.*'), /FILE:3:6: \*\.\* fits nearly everything/],
    ['a pattern twice', entry('  endings .abc .ABC'), /FILE:3:16: \.abc stands there already: Test/],
    ['a line too long', `# ${'x'.repeat(2000)}\n`, /FILE:1:2001: expected at most 2000 characters a line/],
    ['no text', Buffer.from('# a\n# \xff', 'latin1'), /FILE:2:3: not UTF-8/],
  ])('is refused for %s, with the place', (_what, text, expected) => {
    expect(complaint(text)).toMatch(expected);
  });

  test('says all that is wrong at once, up to a bound', () => {
    expect(complaint(entry('note a/b\nendings x'))).toMatch(/^FILE:3:6: .*\nFILE:4:9: [^\n]*$/);
    const lines = complaint('wrong\n'.repeat(100_000)).split('\n');
    expect(lines.length).toBe(51);
    expect(lines.at(-1)).toBe('and more');
  });

  test('is bounded: size, patterns', () => {
    expect(complaint('#'.repeat(2 * 1024 * 1024))).toMatch(/larger than 1048576 bytes/);
    const many = Array.from({ length: 10_001 }, (_, at) => `note x${at}`).join('\n');
    expect(complaint(entry(many))).toMatch(/^FILE:10003:6: expected at most 10000 patterns$/);
  });

  test('that is missing is an error, not an empty list', () => {
    expect(() => loadRansomwareNames(join(folder, 'missing.txt'))).toThrow(/no such file/);
  });
});
