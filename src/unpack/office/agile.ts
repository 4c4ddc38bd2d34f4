import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { Damaged, Unsupported } from '../trouble.ts';

/** What one cipher is used with. */
export interface CipherSuite {
  readonly salt: Buffer;
  readonly blockSize: number;
  readonly keyBytes: number;
  readonly hash: string;
  readonly mode: 'cbc' | 'cfb8';
}

/** The password encryptor of [MS-OFFCRYPTO] 2.3.4.10. */
export interface AgileInfo {
  readonly data: CipherSuite;
  readonly key: CipherSuite;
  readonly spinCount: number;
  readonly verifierInput: Buffer;
  readonly verifierValue: Buffer;
  readonly keyValue: Buffer;
}

/** Keeps keys for different purposes apart ([MS-OFFCRYPTO] 2.3.4.13). */
const PURPOSE = {
  verifierInput: Buffer.from('fea7d2763b4b9e79', 'hex'),
  verifierValue: Buffer.from('d7aa0f6d3061344e', 'hex'),
  keyValue: Buffer.from('146e0be7abacd0d6', 'hex'),
};
const HASHES = new Map([
  ['SHA1', 'sha1'],
  ['SHA-1', 'sha1'],
  ['SHA256', 'sha256'],
  ['SHA384', 'sha384'],
  ['SHA512', 'sha512'],
]);
const MODES = new Map<string, CipherSuite['mode']>([
  ['ChainingModeCBC', 'cbc'],
  ['ChainingModeCFB', 'cfb8'],
]);
/** Fills up what is too short ([MS-OFFCRYPTO] 2.3.4.11 and 12). */
const FILLER = 0x36;
const PIECE_BYTES = 4096;

/** Reads the XML of an agile EncryptionInfo. Throws Damaged, or Unsupported for ciphers other than AES. */
export function parseAgile(xml: string): AgileInfo {
  const data = /<(?:\w{1,20}:)?keyData\s([^>]{1,4000})>/.exec(xml)?.[1];
  const key = /<(?:\w{1,20}:)?encryptedKey\s([^>]{1,8000})>/.exec(xml)?.[1];
  if (data === undefined) throw new Damaged('the description of the encryption names no cipher');
  if (key === undefined) throw new Unsupported('it is encrypted for certificates, not with a password');
  return {
    data: suite(data),
    key: suite(key),
    spinCount: Number(attribute(key, 'spinCount')),
    verifierInput: base64(key, 'encryptedVerifierHashInput'),
    verifierValue: base64(key, 'encryptedVerifierHashValue'),
    keyValue: base64(key, 'encryptedKeyValue'),
  };
}

function attribute(element: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}\\s{0,9}=\\s{0,9}["']([^"']{0,1000})["']`).exec(element)?.[1];
  if (value === undefined) throw new Damaged(`the description of the encryption lacks ${name}`);
  return value;
}

function base64(element: string, name: string): Buffer {
  return Buffer.from(attribute(element, name), 'base64');
}

function suite(element: string): CipherSuite {
  const cipher = attribute(element, 'cipherAlgorithm');
  const mode = MODES.get(attribute(element, 'cipherChaining'));
  const hash = HASHES.get(attribute(element, 'hashAlgorithm'));
  const keyBytes = Number(attribute(element, 'keyBits')) / 8;
  const blockSize = Number(attribute(element, 'blockSize'));
  if (cipher !== 'AES' || mode === undefined || hash === undefined || ![16, 24, 32].includes(keyBytes)) {
    throw new Unsupported(`encrypted with ${cipher.slice(0, 40)} in a way that is not opened here`);
  }
  if (blockSize !== 16) throw new Damaged(`AES with blocks of ${blockSize} bytes`);
  return { salt: base64(element, 'saltValue'), blockSize, keyBytes, hash, mode };
}

/** The package's key when the password is right, else null. `iterated` as `iteratedHash` makes it. */
export function agileKey(info: AgileInfo, iterated: Buffer): Buffer | null {
  const open = (purpose: Buffer, bytes: Buffer): Buffer => {
    const key = sized(digest(info.key.hash, iterated, purpose), info.key.keyBytes);
    return decryptBlocks(info.key, key, sized(info.key.salt, info.key.blockSize), bytes);
  };
  const expected = open(PURPOSE.verifierValue, info.verifierValue);
  const actual = digest(info.key.hash, open(PURPOSE.verifierInput, info.verifierInput));
  const compared = expected.subarray(0, actual.length);
  if (compared.length !== actual.length || !timingSafeEqual(compared, actual)) return null;
  return sized(open(PURPOSE.keyValue, info.keyValue), info.data.keyBytes);
}

/** Decrypts one piece of the package, of at most PIECE_BYTES; `index` counts them. */
export function decryptPiece(info: AgileInfo, key: Buffer, index: number, piece: Buffer): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(index);
  const start = sized(digest(info.data.hash, info.data.salt, number), info.data.blockSize);
  return decryptBlocks(info.data, key, start, piece);
}

export { PIECE_BYTES as AGILE_PIECE_BYTES };

function decryptBlocks({ keyBytes, mode }: CipherSuite, key: Buffer, start: Buffer, bytes: Buffer): Buffer {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 16));
  const cipher = createDecipheriv(`aes-${keyBytes * 8}-${mode}`, key, start);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(whole), cipher.final()]);
}

function digest(hash: string, ...parts: Buffer[]): Buffer {
  const made = createHash(hash);
  for (const part of parts) made.update(part);
  return made.digest();
}

function sized(bytes: Buffer, size: number): Buffer {
  return bytes.length >= size
    ? bytes.subarray(0, size)
    : Buffer.concat([bytes], size).fill(FILLER, bytes.length);
}
