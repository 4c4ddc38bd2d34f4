import { createDecipheriv, createHash } from 'node:crypto';
import { Damaged, Unsupported } from '../trouble.ts';

/** [MS-OFFCRYPTO] 2.3.4.5 to 9. */
export interface StandardInfo {
  readonly keyBytes: number;
  readonly salt: Buffer;
  readonly verifier: Buffer;
  readonly verifierHash: Buffer;
}

/** Turns of the hash ([MS-OFFCRYPTO] 2.3.4.7). */
export const STANDARD_SPIN = 50_000;
/** AlgID of AES with its key's size in bytes ([MS-OFFCRYPTO] 2.3.2). */
const AES = new Map([
  [0x660e, 16],
  [0x660f, 24],
  [0x6610, 32],
]);
const SHA1_BYTES = 20;
const HMAC_BLOCK = 64;

/** Reads a standard EncryptionInfo, from its version on. Throws Damaged, or Unsupported for ciphers other than AES. */
export function parseStandard(bytes: Buffer): StandardInfo {
  if (bytes.length < 12 + 12) throw new Damaged('the description of the encryption is cut off');
  const algorithm = bytes.readUInt32LE(12 + 8);
  const keyBytes = AES.get(algorithm);
  if (keyBytes === undefined) throw new Unsupported(`encrypted with algorithm 0x${algorithm.toString(16)}`);
  const at = 12 + bytes.readUInt32LE(8);
  if (at + 72 > bytes.length) throw new Damaged('the description of the encryption is cut off');
  return {
    keyBytes,
    salt: bytes.subarray(at + 4, at + 20),
    verifier: bytes.subarray(at + 20, at + 36),
    verifierHash: bytes.subarray(at + 40, at + 72),
  };
}

/** The package's key when the password is right, else null. `iterated` as `iteratedHash` makes it. */
export function standardKey(info: StandardInfo, iterated: Buffer): Buffer | null {
  const key = derivedKey(iterated, info.keyBytes);
  const verifier = decryptStandard(key, info.verifier);
  const wanted = decryptStandard(key, info.verifierHash).subarray(0, SHA1_BYTES);
  return sha1(verifier).equals(wanted) ? key : null;
}

/** As CryptDeriveKey does it ([MS-OFFCRYPTO] 2.3.4.7). */
export function derivedKey(iterated: Buffer, keyBytes: number): Buffer {
  const last = sha1(Buffer.concat([iterated, Buffer.alloc(4)]));
  const halves = [0x36, 0x5c].map((filler) => {
    const block = Buffer.alloc(HMAC_BLOCK, filler);
    for (let i = 0; i < last.length; i++) block[i] = (last[i] ?? 0) ^ filler;
    return sha1(block);
  });
  return Buffer.concat(halves).subarray(0, keyBytes);
}

/** Whole blocks only; what is left over is left out. */
export function decryptStandard(key: Buffer, bytes: Buffer): Buffer {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 16));
  const cipher = createDecipheriv(`aes-${key.length * 8}-ecb`, key, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(whole), cipher.final()]);
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}
