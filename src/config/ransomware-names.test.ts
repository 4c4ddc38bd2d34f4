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
  const path = join(folder, 'names.yaml');
  writeFileSync(path, text);
  return loadRansomwareNames(path);
}

/** What loading it complains of, without the path. */
function complaint(text: string | Buffer): string {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof BackupLensError) || error.code !== 'BL_CONFIG') throw error;
    return error.message.replaceAll(join(folder, 'names.yaml'), 'FILE');
  }
  throw new Error('it was accepted');
}

const entry = (lines: string): string => `- family: Test\n  source: https://example.org/\n${lines}\n`;

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
  ])('knows the note %s', (name, family, weak) => {
    expect(ransomwareNames(delivered).note(name)).toMatchObject({ family, weak });
  });

  test.each([
    'report.docx',
    'holiday.jpg',
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
  test('says of each pattern what it is and whose', () => {
    expect(load(entry('  extensions: [.ABC1]\n  weak_notes: ["Read Me*.txt"]'))).toEqual([
      { kind: 'extension', pattern: '.abc1', family: 'Test', source: 'https://example.org/', weak: false },
      { kind: 'note', pattern: 'read me*.txt', family: 'Test', source: 'https://example.org/', weak: true },
    ]);
  });

  test.each([
    ['an unknown key', entry('  extension: [.abc]'), /FILE:1:3: .*Unrecognized|FILE:1:3: expected/],
    ['no source', '- family: Test\n  extensions: [.abc]\n', /FILE:\d+:\d+: expected where it is described/],
    ['a source without https', '- family: T\n  source: http://example.org/\n', /an https address/],
    ['an ending without a dot', entry('  extensions: [abc]'), /FILE:3:16: expected an ending/],
    ['an ending that YAML reads as a number', entry('  extensions: [.777]'), /in quotes/],
    ['a folder in a name', entry('  notes: [a/b.txt]'), /none of them a slash/],
    ['a control character', entry('  notes: ["a\\u001b[2J"]'), /expected the name of a file/],
    ['what fits everything', entry('  notes: ["*.*"]'), /fits nearly everything/],
    ['a pattern twice', entry('  extensions: [.abc, .ABC]'), /FILE:3:22: \.abc stands there already: Test/],
    ['no list', 'family: Test\n', /expected a list of families/],
    ['no YAML', '- [', /not valid YAML/],
    ['no text', Buffer.from([0x2d, 0x20, 0xff]), /not UTF-8/],
    ['aliases', '- &a {family: T, source: "https://example.org/"}\n- *a\n', /not accepted/],
  ])('is refused for %s, with the place', (_what, text, expected) => {
    expect(complaint(text)).toMatch(expected);
  });

  test('is bounded: size, families, patterns', () => {
    expect(complaint('#'.repeat(2 * 1024 * 1024))).toMatch(/larger than 1048576 bytes/);
    expect(complaint('- {family: T, source: "https://example.org/"}\n'.repeat(2001))).toMatch(/at most 2000/);
    const many = Array.from({ length: 1001 }, (_, at) => `.x${at}`).join(', ');
    expect(complaint(entry(`  extensions: [${many}]`))).toMatch(/at most 1000 entries/);
  });

  test('that is missing is an error, not an empty list', () => {
    expect(() => loadRansomwareNames(join(folder, 'missing.yaml'))).toThrow(/no such file/);
  });
});
