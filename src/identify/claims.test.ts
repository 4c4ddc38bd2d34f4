import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { claimOf } from './claims.ts';
import { Identifier } from './index.ts';

const identifier = await Identifier.create({ libmagic: false });
const contradiction = (name: string, head: Buffer): string | null =>
  identifier.identify({ head, tail: null, size: head.length, name }).contradiction;

const ELF = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(64)]);
const PE = Buffer.alloc(256);
PE.write('MZ');
PE.writeUInt32LE(128, 60);
PE.write('PE', 128);
const ZIP = Buffer.concat([Buffer.from('PK\x03\x04\x14\0', 'latin1'), Buffer.alloc(40)]);
const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(40)]);
const OLE = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)]);
const PGDMP = Buffer.concat([Buffer.from('PGDMP\x01\x0e', 'latin1'), Buffer.alloc(40)]);
const SHORTCUT = Buffer.concat([
  Buffer.from('4c0000000114020000000000c000000000000046', 'hex'),
  Buffer.alloc(60),
]);
const TEXT = Buffer.from('Plain words, one after the other.\n');
const SALTED = Buffer.concat([Buffer.from('Salted__'), Buffer.alloc(40, 0xa7)]);
const LFS = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n');
// Every byte value once, control characters included: no text, and no signature.
const NOISE = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 167 + 13) & 255));

test('a module of Guile may be called .go, and a program may not', () => {
  const guile = Buffer.concat([
    Buffer.from('\x7fELF\x02\x01\x01\xff', 'latin1'),
    Buffer.alloc(8),
    Buffer.from([3, 0, 0, 0]),
    Buffer.alloc(44),
  ]);
  expect(contradiction('value.go', guile)).toBeNull();
  expect(contradiction('value.go', ELF)).not.toBeNull();
  expect(contradiction('invoice.pdf', guile)).not.toBeNull();
});

test('statements may be called .sqlite, the records of a map .mid, and the source of Gambas .class', () => {
  expect(
    contradiction('Paddle.class', Buffer.from("' Gambas class file\n\nPublic X As Integer\n")),
  ).toBeNull();
  expect(contradiction('districts.mid', Buffer.from('1,"North",12.5\n2,"South",9.1\n'))).toBeNull();
  expect(contradiction('schema.SQLite', Buffer.from('CREATE TABLE a (\n  id INTEGER\n);\n'))).toBeNull();
});

const points = (values: readonly number[]): Buffer => Buffer.from(new Uint32Array(values).buffer);

test('a text in four bytes a character may be called .txt, numbers may not', () => {
  const letters = Array.from(
    'A text, without a mark.\r\n\u03bb \u{1F600}',
    (letter) => letter.codePointAt(0) ?? 0,
  );
  expect(contradiction('a.txt', points(letters))).toBeNull();
  expect(contradiction('a.txt', points(letters).swap32())).toBeNull();
  expect(contradiction('a.txt', points(letters.map((value) => value * 300)))).not.toBeNull();
});

describe('claim', () => {
  test.each([
    ['report.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['REPORT.PDF', 'application/pdf'],
    ['x.tar.gz', 'application/gzip'],
    ['x.tgz', 'application/gzip'],
    ['dump.sql.gz', 'application/gzip'],
    ['libfoo.so.6', 'application/x-sharedlib'],
    ['libfoo.so.6.0.1', 'application/x-sharedlib'],
    ['report.docx ', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['report.pdf.', 'application/pdf'],
    ['report.pdf\u200b', 'application/pdf'],
    ['a.kml', 'application/vnd.google-earth.kml+xml'],
  ])('%s promises %s', (name, mime) => {
    expect(claimOf(name)?.mime).toBe(mime);
  });

  test.each([
    'README',
    'syslog.1',
    'x.7z.001',
    'data.bin',
    'x.bak',
    'x.old',
    'x.tmp',
    '.json',
    '~$report.docx',
    '._photo.jpg',
    'x.txt~',
    'x.c.~1~',
    'film.ts',
    'x.no-such-extension-at-all',
    'x.',
    'x. pdf',
    '',
    '..',
    'x.constructor',
    'x.__proto__',
  ])('%j promises nothing', (name) => {
    expect(claimOf(name)).toBeNull();
  });
});

describe('contradiction', () => {
  test.each([
    ['notes.txt', ELF],
    ['notes.txt', ZIP],
    ['photo.jpg', ZIP],
    ['photo.jpg', TEXT],
    ['report.docx', NOISE],
    ['report.pdf', NOISE],
    ['report.pdf', PE],
    ['page.html', NOISE],
    ['data.csv', NOISE],
    ['data.json', PNG],
    ['backup.zip', TEXT],
    ['backup.tar.gz', NOISE],
    ['song.mp4', PE],
    ['dump.sql', NOISE],
    ['libfoo.so.6', PNG],
    ['report.pdf', SALTED],
    ['drawing.odg', NOISE],
    ['song.flv', PE],
    ['photo.jpg', SHORTCUT],
    ['report.docx ', NOISE],
  ])('%s that holds something else is one (%#)', (name, bytes) => {
    expect(contradiction(name, bytes)).toMatch(/^the name promises .*, but the content /);
  });

  test.each([
    ['report.docx', ZIP],
    ['report.docx', OLE],
    ['report.doc', TEXT],
    ['photo.jpg', PNG],
    ['film.ts', TEXT],
    ['main.h', TEXT],
    ['main.py', TEXT],
    ['main.py', NOISE],
    ['table.xls', TEXT],
    ['libc.so', TEXT],
    ['old.rar', ZIP],
    ['dump.sql', PGDMP],
    ['dump.sql', gzipSync('x'.repeat(99))],
    ['photo.jpg', LFS],
    ['photo.jpg', Buffer.alloc(0)],
    ['photo.jpg', Buffer.alloc(4096)],
    ['photo.jpg', Buffer.from('todo')],
    ['data.bin', ELF],
    ['report.docx.bak', NOISE],
    ['syslog.1', NOISE],
    ['._report.docx', NOISE],
    ['app.log', Buffer.concat([TEXT, Buffer.alloc(9), TEXT])],
    ['notes.txt', Buffer.concat([TEXT, TEXT, Buffer.alloc(3), TEXT])],
  ])('%s is none where in doubt (%#)', (name, bytes) => {
    expect(contradiction(name, bytes)).toBeNull();
  });

  test('a name cannot speak through it', () => {
    const hostile = contradiction('x\u001b[31m\nerror.pdf', NOISE) ?? '';
    expect(hostile).toMatch(/^[\x20-\x7e]+$/);
  });
});

test.each([
  ['report.docx.locked', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  [
    'report.docx.id-7.[a@example.org].x9',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  ],
  ['main.py.x9', 'text/x-script.python'],
  ['report.docx', null],
  ['syslog.log.1', null],
  ['libfoo.so.6', null],
  ['archive.tar.sig', null],
  ['data.x9', null],
])('what %s was called before something was appended: %s', (name, mime) => {
  const head = Buffer.from(Array.from({ length: 600 }, (_, at) => (at * at * 7 + at * 13) & 255));
  expect(identifier.identify({ head, tail: null, size: head.length, name }).renamed_from).toBe(mime);
});

test('a vault under the name of a document is a contradiction, under its own it is none', () => {
  const head = Buffer.concat([Buffer.from('03d9a29a67fb4bb5', 'hex'), Buffer.alloc(600, 7)]);
  const named = (name: string) => identifier.identify({ head, tail: null, size: head.length, name });
  expect(named('report.docx')).toMatchObject({ mime: 'application/x-keepass' });
  expect(named('report.docx').contradiction).not.toBeNull();
  expect(named('secrets.kdbx').contradiction).toBeNull();
});
