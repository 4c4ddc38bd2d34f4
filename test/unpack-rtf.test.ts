import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { ole1Object, packageBytes, rtfWithObject } from './kit/archives/rtf-bytes.ts';
import { unpack, type Unpacked } from './kit/archives/unpacked.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

async function objects(rtf: string | Buffer): Promise<Unpacked> {
  return unpack('rtf', Buffer.from(rtf), scratch);
}

function object(text: string): string {
  return Buffer.from(text.padEnd(40)).toString('hex');
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const FILE = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 2654435761) >>> 24));
const OBJECT = ole1Object('Package', packageBytes('invoice.exe', FILE));

test('the file in an embedded object comes out whole', async () => {
  const { members, gaps } = await objects(rtfWithObject(OBJECT));
  expect(gaps).toEqual([]);
  expect(members.map(({ name }) => name)).toEqual(['object 1/(head)', 'object 1/invoice.exe']);
  expect(members[1]?.sha256).toBe(sha256(FILE));
});

test('an object of another class is handed on as its native data', async () => {
  const { members } = await objects(rtfWithObject(ole1Object('Equation.3', FILE)));
  expect(members.map(({ name }) => name)).toEqual(['object 1/(head)', 'object 1/(native data)']);
  expect(members[1]?.sha256).toBe(sha256(FILE));
});

test('pictures, themes and data stores are handed on, their properties are not taken for data', async () => {
  const found = await objects(
    '{\\rtf1{\\pict{\\*\\picprop{\\sp{\\sn abcdef}{\\sv 12}}}\\pngblip\\picw10 89504e47}' +
      '{\\*\\themedata 504b0304}{\\*\\datastore 0105}{\\pict\\wmetafile8\\bin4 {\\}}}}',
  );
  expect(found.gaps).toEqual([]);
  expect(found.members.map(({ name, text }) => [name, text])).toEqual([
    ['picture 1', '\x89PNG'],
    ['theme 1', 'PK\x03\x04'],
    ['data store 1', '\x01\x05'],
    ['picture 2', '{\\}}'],
  ]);
});

const HIDDEN: readonly (readonly [string, (hex: string) => string])[] = [
  ['in upper case and with blanks everywhere', (hex) => hex.toUpperCase().replace(/./g, '$& \t\r\n')],
  ['with control words between the digits', (hex) => hex.replace(/.{7}/g, '$&\\abc123 \\par-12 ')],
  ['with characters by number between the digits', (hex) => hex.replace(/.{9}/g, "$&\\'6f")],
  ['with escaped braces between the digits', (hex) => hex.replace(/.{9}/g, '$&\\{\\}\\\\')],
  [
    'with groups that Word skips between the digits',
    (hex) => hex.replace(/.{8}/g, '$&{\\*\\nothing ffff{ee}}'),
  ],
  ['in groups of their own', (hex) => hex.replace(/.{8}/g, '{$&}')],
  ['with other letters between the digits', (hex) => hex.replace(/.{8}/g, '$&xyz;')],
  [
    'with binary data instead of digits',
    (hex) => `\\bin${hex.length / 2} ${Buffer.from(hex, 'hex').toString('latin1')}`,
  ],
  ['with an odd digit at the end', (hex) => `${hex}7`],
];

test.each(HIDDEN)('an object written %s is found', async (_, disguise) => {
  const file = FILE.subarray(0, 1000);
  const hex = ole1Object('Package', packageBytes('a.exe', file)).toString('hex');
  const rtf = `{\\rt\\ansi{\\object\\objupdate{\\*\\objdata${disguise(` ${hex}`.slice(1)).replace(/^/, ' ')}}}}`;
  const { members } = await unpack('rtf', Buffer.from(rtf, 'latin1'), scratch);
  const found = members.find(({ name }) => name === 'object 1/a.exe');
  expect(found?.sha256).toBe(sha256(file));
});

test('an object within the data of another is read on its own, and both ways of reading are examined', async () => {
  const found = await objects(
    `{\\rtf1{\\object{\\*\\objdata ${object('outer')}{\\object{\\*\\objdata ${object('inner')}}}${object('end')}}}}`,
  );
  expect(found.members.map(({ name, text }) => [name, text.replaceAll(' ', '')])).toEqual([
    ['object 1', 'outerend'],
    ['object 1 (with every nested group)', 'outerinnerend'],
    ['object 2', 'inner'],
  ]);
});

test('what follows the end is a member, and objects after it are found as well', async () => {
  const found = await objects('{\\rtf1 text}\r\n\0\0{\\object{\\*\\objdata 4d5a}}');
  expect(found.members.map(({ name, text }) => [name, text])).toEqual([
    ['object 1', 'MZ'],
    ['(data after the end)', '{\\object{\\*\\objdata 4d5a}}'],
  ]);
});

test('binary data that claim more than the file holds hide nothing', async () => {
  const found = await objects('{\\rtf1\\bin4294967295 {\\object{\\*\\objdata 4d5a}}}');
  expect(found.members[0]?.text).toBe('MZ');
  expect(found.gaps).toMatchObject([{ reason: 'corrupt', detail: expect.stringContaining('binary') }]);
});
