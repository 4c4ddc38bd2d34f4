import { createCipheriv, createHmac, hash } from 'node:crypto';
import { oleBytes } from './ole-bytes.ts';

const ENTRIES = 'EncryptedPackage';

/** An encrypted OOXML document by [MS-OFFCRYPTO] 2.3.4.10 to 15 (agile, AES-256-CBC, SHA-512). */
export function agileDocument(content: Buffer, password: string, spinCount = 1000): Buffer {
  const salt = fixed(16, 1);
  const keySalt = fixed(16, 2);
  const secret = fixed(32, 3);
  const verifier = fixed(16, 4);
  const iterated = iterate('sha512', salt, password, spinCount);
  const lock = (purpose: string, bytes: Buffer): string =>
    cbc(sha('sha512', iterated, Buffer.from(purpose, 'hex')).subarray(0, 32), salt, bytes).toString('base64');
  const pieces: Buffer[] = [sizeOf(content)];
  for (let at = 0, index = 0; at < content.length; at += 4096, index++) {
    const start = sha('sha512', keySalt, number(index)).subarray(0, 16);
    pieces.push(cbc(secret, start, padded(content.subarray(at, at + 4096), 16)));
  }
  const encrypted = Buffer.concat(pieces);
  const hmacKey = fixed(64, 5);
  const integrity = (purpose: string, bytes: Buffer): string => {
    const start = sha('sha512', keySalt, Buffer.from(purpose, 'hex')).subarray(0, 16);
    return cbc(secret, start, bytes).toString('base64');
  };
  const suite = `blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512"`;
  const xml = [
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n',
    '<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" ',
    'xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password">',
    `<keyData saltSize="16" ${suite} saltValue="${keySalt.toString('base64')}"/>`,
    `<dataIntegrity encryptedHmacKey="${integrity('5fb2ad010cb9e1f6', hmacKey)}" `,
    `encryptedHmacValue="${integrity('a0677f02b22c8433', createHmac('sha512', hmacKey).update(encrypted).digest())}"/>`,
    '<keyEncryptors><keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password">',
    `<p:encryptedKey spinCount="${spinCount}" saltSize="16" ${suite} saltValue="${salt.toString('base64')}" `,
    `encryptedVerifierHashInput="${lock('fea7d2763b4b9e79', verifier)}" `,
    `encryptedVerifierHashValue="${lock('d7aa0f6d3061344e', sha('sha512', verifier))}" `,
    `encryptedKeyValue="${lock('146e0be7abacd0d6', secret)}"/>`,
    '</keyEncryptor></keyEncryptors></encryption>',
  ].join('');
  const info = Buffer.concat([Buffer.from([4, 0, 4, 0, 0x40, 0, 0, 0]), Buffer.from(xml)]);
  return wrapped(info, encrypted);
}

/** An encrypted OOXML document by [MS-OFFCRYPTO] 2.3.4.5 to 9 (standard, AES-128-ECB, SHA-1). */
export function standardDocument(content: Buffer, password: string): Buffer {
  const salt = fixed(16, 1);
  const key = standardKey(iterate('sha1', salt, password, 50_000));
  const verifier = fixed(16, 4);
  const name = Buffer.from('Microsoft Enhanced RSA and AES Cryptographic Provider\0', 'utf16le');
  const head = Buffer.alloc(32);
  for (const [i, value] of [0x24, 0, 0x660e, 0x8004, 128, 24, 0, 0].entries())
    head.writeUInt32LE(value, i * 4);
  const info = Buffer.concat([
    Buffer.from([4, 0, 2, 0, 0x24, 0, 0, 0]),
    number(head.length + name.length),
    head,
    name,
    number(16),
    salt,
    ecb(key, verifier),
    number(20),
    ecb(key, padded(sha('sha1', verifier), 16)),
  ]);
  return wrapped(info, Buffer.concat([sizeOf(content), ecb(key, padded(content, 16))]));
}

function standardKey(iterated: Buffer): Buffer {
  const last = sha('sha1', iterated, number(0));
  const block = Buffer.alloc(64, 0x36);
  for (const [i, byte] of last.entries()) block[i] = byte ^ 0x36;
  return sha('sha1', block).subarray(0, 16);
}

function wrapped(info: Buffer, encrypted: Buffer): Buffer {
  return oleBytes([
    { path: 'EncryptionInfo', content: info },
    { path: ENTRIES, content: encrypted },
  ]).bytes;
}

function iterate(algorithm: string, salt: Buffer, password: string, turns: number): Buffer {
  let last = sha(algorithm, salt, Buffer.from(password, 'utf16le'));
  for (let i = 0; i < turns; i++) last = sha(algorithm, number(i), last);
  return last;
}

function sha(algorithm: string, ...parts: Buffer[]): Buffer {
  return hash(algorithm, Buffer.concat(parts), 'buffer');
}

function cbc(key: Buffer, start: Buffer, bytes: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, start).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function ecb(key: Buffer, bytes: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** The same bytes every time: a seed instead of chance. */
function fixed(size: number, seed: number): Buffer {
  return sha('sha512', Buffer.from([seed])).subarray(0, size);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function sizeOf(content: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(content.length);
  return bytes;
}

function padded(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / to) * to);
}
