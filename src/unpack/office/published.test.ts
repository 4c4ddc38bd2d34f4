import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { ByteReader } from '../byte-reader.ts';
import { agileKey, type CipherSuite } from './agile.ts';
import { decompressRtf } from './compressed-rtf.ts';
import { iteratedHash } from './iterated-hash.ts';
import { derivedKey, STANDARD_SPIN } from './standard.ts';
import { decompressVba } from './vba.ts';
import { workbookKey } from './workbook-key.ts';
import { verifier } from './workbook-xor.ts';

// What others published: the specifications' own examples, and the values that msoffcrypto-tool tests itself with
// (https://github.com/nolze/msoffcrypto-tool), which come from documents that Office wrote.

const SIGNAL = new AbortController().signal;

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

async function text(content: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

function reading(...chunks: Buffer[]): ByteReader {
  async function* each(): AsyncGenerator<Buffer, void, undefined> {
    yield* chunks;
  }
  return new ByteReader(each());
}

const VBA: readonly (readonly [string, string, string])[] = [
  [
    'without compression (3.2.1)',
    '01 19 B0 00 61 62 63 64 65 66 67 68 00 69 6A 6B 6C 6D 6E 6F 70 00 71 72 73 74 75 76 2E',
    'abcdefghijklmnopqrstuv.',
  ],
  [
    'normal (3.2.2)',
    '01 2F B0 00 23 61 61 61 62 63 64 65 82 66 00 70 61 67 68 69 6A 01 38 08 61 6B 6C 00 30 6D 6E 6F 70 06 71 02 70 04 10 72 73 74 75 76 10 77 78 79 7A 00 3C',
    '#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa',
  ],
  ['the most that is possible (3.2.3)', '01 03 B0 02 61 45 00', 'a'.repeat(73)],
];

test.each(VBA)('the example of [MS-OVBA] %s is decompressed', async (_, hex, expected) => {
  expect(await text(decompressVba(reading(bytes(hex))))).toBe(expected);
});

test('compressed VBA comes out the same however its bytes arrive', async () => {
  const [, hex, expected] = VBA[1]!;
  const single = [...bytes(hex)].map((byte) => Buffer.from([byte]));
  expect(await text(decompressVba(reading(...single)))).toBe(expected);
});

test('VBA that copies from before its chunk, overruns it or is cut off is damaged, after what came out', async () => {
  await expect(text(decompressVba(reading(bytes('01 03 B0 02 61 45 10'))))).rejects.toThrow(
    /before its chunk/,
  );
  await expect(text(decompressVba(reading(bytes('01 19 B0 00 61 62'))))).rejects.toThrow(/cut off/);
  const overrun = bytes('01 05 B0 06 61 FF 0F FF 0F');
  await expect(text(decompressVba(reading(overrun)))).rejects.toThrow(/overruns/);
});

const RTF: readonly (readonly [string, string, string])[] = [
  [
    '4.1',
    '2d 00 00 00 2b 00 00 00 4c 5a 46 75 f1 c5 c7 a7 03 00 0a 00 72 63 70 67 31 32 35 42 32 0a f3 20 68 65 6c 09 00 20 62 77 05 b0 6c 64 7d 0a 80 0f a0',
    '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n',
  ],
  [
    '4.2',
    '1a 00 00 00 1c 00 00 00 4c 5a 46 75 e2 d4 4b 51 41 00 04 20 57 58 59 5a 0d 6e 7d 01 0e b0',
    '{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}',
  ],
];

test.each(RTF)(
  'the example of [MS-OXRTFCP] %s is decompressed, and its check sum fits',
  async (_, hex, expected) => {
    expect(await text(decompressRtf(reading(bytes(hex))))).toBe(expected);
  },
);

test('a bit that flipped in compressed RTF is seen by its check sum', async () => {
  const damaged = bytes(RTF[1]![1]);
  damaged[20]! ^= 1;
  await expect(text(decompressRtf(reading(damaged)))).rejects.toThrow(/check sum/);
});

const SUITE: Omit<CipherSuite, 'salt'> = { blockSize: 16, keyBytes: 32, hash: 'sha512', mode: 'cbc' };

test('the password of an agile document that Office wrote is verified', async () => {
  const salt = bytes('cb ca 1c 99 93 43 fb ad 92 07 56 34 15 00 34 b0');
  const info = {
    data: { ...SUITE, salt },
    key: { ...SUITE, salt },
    spinCount: 100_000,
    verifierInput: bytes('39 ee a5 4e 26 e5 14 79 8c 28 4b c7 71 4d 38 ac'),
    verifierValue: Buffer.concat([
      Buffer.from('\x147mm\x81s4\xe6\xb0\xffO\xd8"\x1a|g\x8e]\x8axN\x8f\x99\x9fL\x18\x890\xc3jK)', 'latin1'),
      Buffer.from('\xc5\xb33`[\\\xd4\x03\xb0P\x03\xad\xcf\x18\xcc\xa8\xcb\xab\x8d\xeb\xe3s\xc6V', 'latin1'),
      Buffer.from('\x04\xa0\xbe\xcf\xae\\\n\xd0', 'latin1'),
    ]),
    keyValue: Buffer.alloc(32),
  };
  const right = await iteratedHash('sha512', salt, 'Password1234_', info.spinCount, SIGNAL);
  expect(agileKey(info, right)).toHaveLength(32);
  const wrong = await iteratedHash('sha512', salt, 'Password1234', info.spinCount, SIGNAL);
  expect(agileKey(info, wrong)).toBeNull();
});

test('the hash of a standard document is turned into the key that others make of it', async () => {
  const salt = bytes('e8 82 66 49 0c 5b d1 ee bd 2b 43 94 e3 f8 30 ef');
  const iterated = await iteratedHash('sha1', salt, 'Password1234_', STANDARD_SPIN, SIGNAL);
  expect(derivedKey(iterated, 16).toString('latin1')).toBe('@\xb1:q\xf9\x0b\x96n7T\x08\xf2\xd1\x81\xa1\xaa');
});

test('the password of a workbook of Excel 97 is verified, and its first key is the one others make', () => {
  const filePass = Buffer.concat([
    bytes('0100 0100 0100'),
    Buffer.from('\xe8w,\x1d\x91\xc5j7\x96Ga\xb2\x80\x182\x17', 'latin1'),
    Buffer.from('\xc9\xe9\x97\xd4T\x97=1\x0b\xb1\xbap\x14&\x83~', 'latin1'),
    Buffer.from('\xb1\xde\x17\x8f\x07\xe9\x89\xc4M\xae^L\xf9j\xc4\x07', 'latin1'),
  ]);
  expect(workbookKey(filePass, ['password'])).toBeNull();
  const key = workbookKey(filePass, ['nothing', 'password1']);
  expect(key?.(0).toString('latin1')).toBe(' \xbf2\xdd\xf5@\x85\x8cQ7D\xaf\x0f$\xe0<');
});

test('the check of an obfuscated workbook is the one that others make of its password', () => {
  expect(verifier(Buffer.from('VelvetSweatshop'))).toBe(0x9a0a);
});

test('a hash that takes long is broken off when the scan ends', async () => {
  const stop = AbortSignal.timeout(50);
  const salt = createHash('md5').update('salt').digest();
  await expect(iteratedHash('sha1', salt, 'x', 10_000_000, stop)).rejects.toThrow(/timeout/i);
});
