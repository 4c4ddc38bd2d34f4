// needs: openssl

import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { agileDocument, standardDocument } from './kit/archives/office-encryption.ts';
import { oleBytes } from './kit/archives/ole-bytes.ts';
import { unpack } from './kit/archives/unpacked.ts';
import { record, workbook, xorWorkbook } from './kit/archives/workbook-bytes.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function noise(size: number, seed: number): Buffer {
  const parts = Array.from({ length: Math.ceil(size / 64) }, (_, i) =>
    createHash('sha512').update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(parts).subarray(0, size);
}

const CONTENT = noise(10_000, 10);
const PLAIN = 'EncryptedPackage/(decrypted package)';

test.each([
  ['agile', agileDocument],
  ['standard', standardDocument],
] as const)('%s: known passwords open it, others are a gap', async (_, document) => {
  for (const password of ['VelvetSweatshop', '', 'listed']) {
    const found = await unpack('ole', document(CONTENT, password), scratch, { passwords: ['listed'] });
    const which =
      password === 'listed' ? 'members_opened_with_password_0' : 'opened_with_well_known_password';
    expect(found.measured).toMatchObject({ [which]: 1 });
    expect(found.gaps).toEqual([]);
    expect(found.members.find(({ name }) => name === PLAIN)?.sha256).toBe(sha256(CONTENT));
  }
  const found = await unpack('ole', document(CONTENT, 'unknown'), scratch, { passwords: ['listed'] });
  expect(found.members.map(({ name }) => name)).toEqual(['EncryptionInfo', 'EncryptedPackage']);
  expect(found.gaps).toMatchObject([
    {
      reason: 'encrypted',
      member: 'EncryptedPackage',
      detail: expect.stringContaining('3 of 3 passwords'),
    },
  ]);
});

test('a hash that costs more than it may is not computed', async () => {
  const document = agileDocument(CONTENT, 'VelvetSweatshop', 10);
  const hostile = Buffer.from(
    document.toString('latin1').replace('spinCount="10" saltSize="16"', 'spinCount="4000000000" ss=""'),
    'latin1',
  );
  const start = performance.now();
  const { gaps } = await unpack('ole', hostile, scratch);
  expect(gaps).toMatchObject([{ reason: 'encrypted', detail: expect.stringContaining('4000000000') }]);
  expect(performance.now() - start).toBeLessThan(1000);
});

const RECORDS = [
  record(0x809, Buffer.alloc(16)),
  record(0x31, noise(3000, 13)),
  record(0xfc, noise(8000, 14)),
];

test.each(['old', 'CryptoAPI'] as const)(
  'a workbook of Excel 97 to 2003 (%s) is decrypted with a known password, else a gap',
  async (scheme) => {
    const sheet = record(0x85, Buffer.concat([Buffer.alloc(4, 0x11), Buffer.from('a sheet')]));
    const records = [...RECORDS, sheet];
    const plain = workbook(scheme, 'VelvetSweatshop', records, false);
    for (const password of ['VelvetSweatshop', 'listed', 'unknown']) {
      const locked = workbook(scheme, password, records, true);
      const { bytes } = oleBytes([{ path: 'Workbook', content: locked }]);
      const found = await unpack('ole', bytes, scratch, { passwords: ['listed'] });
      const opened = found.members.find(({ name }) => name === 'Workbook/(decrypted)');
      const behind = plain.length - Buffer.concat(records.slice(1)).length;
      expect(opened?.size ?? 0).toBe(password === 'unknown' ? 0 : plain.length);
      expect(found.gaps.map(({ reason }) => reason)).toEqual(password === 'unknown' ? ['encrypted'] : []);
      const expected = plain.subarray(behind, 4096).toString('latin1');
      expect(opened?.text.slice(behind) ?? expected).toBe(expected);
    }
  },
);

test('a workbook obfuscated with XOR is opened with its well-known password, else a gap', async () => {
  const records = [...RECORDS, record(0x85, Buffer.concat([Buffer.alloc(4, 0x11), Buffer.from('a sheet')]))];
  const plain = xorWorkbook('VelvetSweatshop', records, false);
  const known = xorWorkbook('VelvetSweatshop', records, true);
  const found = await unpack('ole', oleBytes([{ path: 'Book', content: known }]).bytes, scratch);
  expect(found.gaps).toEqual([]);
  expect(found.members.find(({ name }) => name === 'Book/(decrypted)')?.sha256).toBe(sha256(plain));
  const other = xorWorkbook('unknown', records, true);
  const { gaps } = await unpack('ole', oleBytes([{ path: 'Book', content: other }]).bytes, scratch);
  expect(gaps).toMatchObject([{ reason: 'encrypted', member: 'Book' }]);
});

test('documents of Word and PowerPoint that are locked are a gap', async () => {
  const word = Buffer.alloc(5000);
  word.writeUInt16LE(0xa5ec);
  word.writeUInt16LE(0x0100, 10);
  const user = Buffer.alloc(20);
  user.writeUInt32LE(0xf3d1c4df, 12);
  for (const [path, content] of [
    ['WordDocument', word],
    ['Current User', user],
  ] as const) {
    const { gaps } = await unpack('ole', oleBytes([{ path, content }]).bytes, scratch);
    expect(gaps).toMatchObject([{ reason: 'encrypted', member: path }]);
  }
});

test('a document under rights management is a gap', async () => {
  const { bytes } = oleBytes([{ path: '\tDRMContent', content: noise(5000, 15) }]);
  const { gaps } = await unpack('ole', bytes, scratch);
  expect(gaps).toMatchObject([{ reason: 'encrypted', member: '\tDRMContent' }]);
});

function wide(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

test('names of streams are taken in upper and lower case alike, as Office does', async () => {
  const document = Buffer.from(agileDocument(CONTENT, 'VelvetSweatshop', 10));
  document.set(wide('ENCRYPTEDPACKAGE'), document.indexOf(wide('EncryptedPackage')));
  const { members, gaps } = await unpack('ole', document, scratch);
  expect(gaps).toEqual([]);
  expect(members.map(({ sha256: hash }) => hash)).toContain(sha256(CONTENT));
});
