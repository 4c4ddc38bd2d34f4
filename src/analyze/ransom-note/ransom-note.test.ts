import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NO_NOTES, NOTES } from '../../../test/kit/ransom-notes.ts';
import { loadRansomwareNames } from '../../config/index.ts';
import { Identifier } from '../../identify/index.ts';
import type { Claim, Outcome } from '../analyzer.ts';
import { ransomNoteAnalyzer } from './index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const identifier = await Identifier.create({ libmagic: false });
const analyzer = ransomNoteAnalyzer({ names: loadRansomwareNames() });

async function outcome(name: string, content: Buffer | string): Promise<Outcome> {
  const bytes = Buffer.from(content);
  const head = bytes.subarray(0, 128 * 1024);
  const examination = analyzer.examine({
    artifact: { id: 0, parent: null, trail: ['backup.tar', name] },
    type: identifier.identify({ head, tail: null, size: bytes.length, name }),
    head,
    size: bytes.length,
    source: null,
    isPiece: false,
    signal: new AbortController().signal,
  });
  if (examination === null) throw new Error('ransom-note examines everything');
  await examination.write(bytes);
  return examination.end();
}

async function claim(name: string, content: Buffer | string): Promise<Claim | undefined> {
  const { claims } = await outcome(name, content);
  expect(claims.length).toBeLessThanOrEqual(1);
  return claims[0];
}

const bom = Buffer.from([0xff, 0xfe]);
const utf16 = (text: string): Buffer => Buffer.concat([bom, Buffer.from(text, 'utf16le')]);
const [first] = NOTES;
const NOTE = first?.text ?? '';

describe.each(NOTES.map((note, index) => ({ ...note, index })))(
  'a note in $language ($index)',
  ({ language, text }) => {
    test('is found by its wording alone, with what it says as evidence', async () => {
      const found = await claim('notes/a.txt', text);
      expect(found).toMatchObject({
        kind: 'ransom_note',
        rule: 'note-wording',
        evidence: { language, known_name: null },
      });
      expect(found?.detail).toContain(`the wording of a ransom note (${language}): says that data was`);
      expect(found?.evidence['signals']).toBeGreaterThanOrEqual(4);
    });

    test.each([
      ['UTF-16 with a mark', utf16],
      ['UTF-16 in the other order', (content: string) => utf16(content).swap16()],
      [
        'HTML',
        (content: string) =>
          `<html><head><style>p {color: red}</style></head><body><p>${content.replaceAll('\n', '<br>\n')}</p></body></html>`,
      ],
      [
        'an HTML application',
        (content: string) =>
          `<html><head><HTA:APPLICATION id="a"/><script>var a = 1;</script></head><body>${content.replace(/[^\0-~]/gu, (letter) => `&#${letter.codePointAt(0)};`)}</body></html>`,
      ],
      [
        'RTF',
        (content: string) =>
          `{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 ${content.replace(/[^\0-~]/gu, (letter) => `\\u${letter.charCodeAt(0)}?`).replaceAll('\n', '\\par\n')}}`,
      ],
      ['capitals and CR LF', (content: string) => content.toUpperCase().replaceAll('\n', '\r\n')],
    ])('is found as %s', async (_form, form) => {
      expect(await claim('a.txt', form(text))).toMatchObject({ kind: 'ransom_note', evidence: { language } });
    });
  },
);

describe('encodings of old', () => {
  test('Russian in Windows-1251 and Chinese in GB 18030 are read', async () => {
    const russian = NOTES.find(({ language }) => language === 'Russian')?.text ?? '';
    const windows = Buffer.from(
      Array.from(russian, (letter) => {
        const code = letter.codePointAt(0) ?? 0;
        return code >= 0x410 && code <= 0x44f ? code - 0x350 : code < 0x80 ? code : 0x3f;
      }),
    );
    expect(await claim('a.txt', windows)).toMatchObject({ evidence: { language: 'Russian' } });
    const chinese = NOTES.find(({ language }) => language === 'Chinese')?.text ?? '';
    const gb = execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input: chinese });
    expect(await claim('a.txt', gb)).toMatchObject({ evidence: { language: 'Chinese' } });
  });
});

describe('names', () => {
  test('a known name and the wording are said together', async () => {
    const found = await claim('RyukReadMe.txt', NOTE);
    expect(found).toMatchObject({ rule: 'note-name-and-wording', evidence: { family: 'Ryuk' } });
    expect(found?.detail).toContain('its name is that of a note of Ryuk');
  });

  test('with a known name, less wording is enough', async () => {
    const little =
      'Your files have been encrypted. Do not rename them. You will hear more from our side soon.';
    expect(await claim('notes.txt', little)).toBeUndefined();
    expect(await claim('HOW_TO_DECRYPT_MY_FILES.txt', little)).toMatchObject({
      rule: 'note-name-and-wording',
    });
    expect(await claim('README.txt', little)).toBeUndefined();
    expect(await claim('HOW_TO_DECRYPT_FILES.txt', little)).toBeUndefined();
  });

  test('a name that nobody else gives counts alone where nothing can be read', async () => {
    expect(await claim('RyukReadMe.html', Buffer.from([1, 2, 3, 250, 251, 252]))).toMatchObject({
      rule: 'note-name',
      evidence: { family: 'Ryuk', signals: 0 },
    });
  });

  test.each([
    'README.txt',
    'readme.md',
    'HOW_TO_DECRYPT.txt',
    'HOW_TO_RESTORE_FILES.txt',
    'instructions.txt',
  ])('a name that others give is nothing alone: %s', async (name) => {
    expect(
      await claim(name, 'To decrypt the backups of this server, ask the administrator.\n'),
    ).toBeUndefined();
  });

  test('an empty file is nothing, whatever its name', async () => {
    expect(await claim('RyukReadMe.txt', '')).toBeUndefined();
  });
});

describe('what is no note', () => {
  test.each(Object.entries(NO_NOTES))('%s', async (_name, text) => {
    expect(await claim('text.txt', text)).toBeUndefined();
    expect(await claim('README.txt', text)).toBeUndefined();
  });

  test('nothing of our own: sources, tests, rules, documents', async () => {
    const found: string[] = [];
    let files = 0;
    for (const folder of ['src', 'docs', 'test', 'yara-rules', 'config', 'changelog', '.']) {
      for (const entry of readdirSync(join(ROOT, folder), {
        recursive: folder !== '.',
        withFileTypes: true,
      })) {
        if (!entry.isFile()) continue;
        files++;
        const path = join(entry.parentPath, entry.name);
        // oxlint-disable-next-line house/no-unbounded-read -- our own files
        if ((await claim(entry.name, readFileSync(path))) !== undefined) found.push(path);
      }
    }
    expect(files).toBeGreaterThan(500);
    expect(found).toEqual([]);
  });
});

describe('hostile texts', () => {
  test('a note behind 64 KiB of padding is too long for one, and nothing is read beyond', async () => {
    expect(await claim('a.txt', NOTE + ' '.repeat(64 * 1024))).toBeUndefined();
    expect(await claim('a.txt', NOTE + ' '.repeat(60 * 1024))).toMatchObject({ rule: 'note-wording' });
  });

  test('blanks, invisible characters and accents between the words hide nothing', async () => {
    const hidden = NOTE.replaceAll(' ', ' \u00a0\n\t ').replaceAll('e', 'e\u200b').replaceAll('o', 'ó');
    expect(await claim('a.txt', hidden)).toMatchObject({ rule: 'note-wording' });
  });

  const replaced = (from: string, to: string): string =>
    NOTE.replaceAll(/./g, (letter) => Array.from(to)[from.indexOf(letter)] ?? letter);
  test.each([
    ['Cyrillic letters that look the same', replaced('aeopcxyiTHMKB', 'аеорсхуіТНМКВ')],
    ['a few Greek letters', replaced('oτ', 'οτ')],
    ['small capitals', replaced('abcdefghijklmnoprtuvwyz', 'ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ')],
    [
      'mark-up within words',
      `<html><body>${NOTE.replaceAll('e', '<b>e</b>').replaceAll('o', 'o<wbr>')}</body></html>`,
    ],
    ['comments within words', `<html><body>${NOTE.replaceAll('e', '<!-- - -->e')}</body></html>`],
    [
      'entities without ink',
      `<html><body>${NOTE.replaceAll('e', 'e&shy;').replaceAll('o', 'o&ZeroWidthSpace;')}</body></html>`,
    ],
  ])('%s hide nothing', async (_what, hidden) => {
    expect(await claim('a.txt', hidden)).toMatchObject({ rule: 'note-wording' });
  });

  test('a Russian note with Latin letters in it is still Russian', async () => {
    const russian = NOTES.find(({ language }) => language === 'Russian')?.text ?? '';
    expect(await claim('a.txt', `aб бa aбa ${russian}`)).toMatchObject({ evidence: { language: 'Russian' } });
  });

  // Beyond linear, these do not end within the test's time.
  test.each([
    ['words without end', 'your '.repeat(13_000)],
    ['one word', 'encrypted'.repeat(7000)],
    ['nearly a phrase, again and again', 'we have encrypted all your files your files your '.repeat(1300)],
    ['open tags', `encrypted ${'<a '.repeat(20_000)}`],
    ['open scripts', `encrypted ${'<script>'.repeat(8000)}`],
    ['open comments', `encrypted ${'<!--'.repeat(15_000)}`],
    ['open groups', `{\\rtf1 encrypted ${'{\\*'.repeat(20_000)}`],
    ['escapes', `{\\rtf1 encrypted ${"\\'e0".repeat(15_000)}`],
    ['negations', `chiffre ${'ne pas ne '.repeat(6000)}`],
    ['half a surrogate', `encrypted ${'\ud800'.repeat(20_000)}`],
  ])('%s take no longer than their length', async (_what, text) => {
    const { inspected_bytes: bytes } = await outcome('a.txt', text);
    expect(bytes).toBe(Buffer.byteLength(text));
  });
});
