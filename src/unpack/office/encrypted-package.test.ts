import { expect, test } from 'vitest';
import { Candidates } from '../candidates.ts';
import { openPackage } from './encrypted-package.ts';
import { WELL_KNOWN } from './passwords.ts';

const SIGNAL = new AbortController().signal;

function zeros(size: number): string {
  return Buffer.alloc(size).toString('base64');
}

function described(attributes: Readonly<Record<string, string>> = {}): Buffer {
  const all = {
    spinCount: '10',
    blockSize: '16',
    keyBits: '256',
    cipherAlgorithm: 'AES',
    cipherChaining: 'ChainingModeCBC',
    hashAlgorithm: 'SHA512',
    saltValue: zeros(16),
    encryptedVerifierHashInput: zeros(16),
    encryptedVerifierHashValue: zeros(64),
    encryptedKeyValue: zeros(32),
    ...attributes,
  };
  const text = Object.entries(all)
    .map(([name, value]) => `${name}="${value}"`)
    .join(' ');
  const xml = `<encryption><keyData ${text}/><p:encryptedKey ${text}/></encryption>`;
  return Buffer.concat([Buffer.from([4, 0, 4, 0, 0x40, 0, 0, 0]), Buffer.from(xml)]);
}

test('all packages of a file share one number of turns, and what was not tried is said', async () => {
  const effort = { turnsLeft: 45 };
  const passwords = new Candidates(WELL_KNOWN, ['a', 'b']);
  const first = openPackage(described(), passwords, effort, SIGNAL);
  await expect(first).rejects.toThrow(/^4 of 4 passwords tried$/);
  const second = openPackage(described({ spinCount: '4' }), passwords, effort, SIGNAL);
  await expect(second).rejects.toThrow(/^1 of 4 passwords tried: each costs 4 turns/);
  const third = openPackage(described({ spinCount: '4000000000' }), passwords, effort, SIGNAL);
  await expect(third).rejects.toThrow(/^0 of 4 passwords tried: each costs 4000000000 turns/);
});

test.each([
  [{ cipherAlgorithm: 'RC2' }, 'unsupported_format'],
  [{ hashAlgorithm: 'MD4' }, 'unsupported_format'],
  [{ keyBits: '40' }, 'unsupported_format'],
  [{ blockSize: '7' }, 'corrupt'],
  [{ spinCount: '-1' }, 'corrupt'],
  [{ spinCount: 'many' }, 'corrupt'],
  [{ encryptedVerifierHashInput: '', encryptedVerifierHashValue: '' }, 'encrypted'],
  [{ saltValue: '' }, 'encrypted'],
])('a description with %j ends as %s', async (attributes, reason) => {
  const opened = openPackage(
    described(attributes),
    new Candidates(WELL_KNOWN, []),
    { turnsLeft: 1000 },
    SIGNAL,
  );
  await expect(opened).rejects.toMatchObject({ reason });
});

test.each([
  ['nothing', Buffer.alloc(0), 'corrupt'],
  ['another version', Buffer.from([9, 0, 9, 0, 0, 0, 0, 0]), 'unsupported_format'],
  ['half a description', Buffer.from([4, 0, 2, 0, 0, 0, 0, 0, 0, 0]), 'corrupt'],
  ['no cipher', Buffer.from('04000400400000003c783e', 'hex'), 'corrupt'],
])('%s as description ends as a gap', async (_, info, reason) => {
  const opened = openPackage(info, new Candidates(WELL_KNOWN, []), { turnsLeft: 1000 }, SIGNAL);
  await expect(opened).rejects.toMatchObject({ reason });
});
