import { createHash } from 'node:crypto';
import { Damaged, Unsupported } from '../trouble.ts';
import { MAX_PASSWORD } from './passwords.ts';
import { rc4KeyStream } from './rc4.ts';
import { xorCipher } from './workbook-xor.ts';

/** Bytes of a workbook's stream that are encrypted with one key ([MS-XLS] 2.2.10). */
const BLOCK_BYTES = 1024;
const XOR = 0;
const RC4 = 1;
const RC4_ALGORITHM = 0x6801;
const VERIFIER_BYTES = 16;

/** One way of making keys from passwords, and how to tell a right one. */
interface Scheme {
  keyOf(password: string, block: number): Buffer;
  readonly hash: 'md5' | 'sha1';
  readonly verifier: Buffer;
  readonly verifierHash: Buffer;
}

/** Decrypts one byte of a record, by where it stands in the stream and how long its record is. */
export type RecordCipher = (byte: number, position: number, recordBytes: number) => number;

/** The cipher for the first password that fits; null when none does. Throws Unsupported, Damaged. */
export function workbookCipher(filePass: Buffer, passwords: Iterable<string>): RecordCipher | null {
  // Before BIFF8 there was only this way, and no number for it.
  if (filePass.length === 4) return xorCipher(filePass, passwords);
  if (filePass.length < 6) throw new Damaged('the description of the encryption is cut off');
  if (filePass.readUInt16LE(0) === XOR) return xorCipher(filePass.subarray(2), passwords);
  const key = workbookKey(filePass, passwords);
  if (key === null) return null;
  let block = -1;
  let stream: Buffer = Buffer.alloc(0);
  return (byte, position) => {
    const wanted = Math.floor(position / BLOCK_BYTES);
    if (wanted !== block) {
      block = wanted;
      stream = rc4KeyStream(key(block), BLOCK_BYTES);
    }
    return byte ^ (stream[position % BLOCK_BYTES] ?? 0);
  };
}

/** A block's key for the first password that fits; null when none does. */
export function workbookKey(
  filePass: Buffer,
  passwords: Iterable<string>,
): ((block: number) => Buffer) | null {
  const scheme = schemeOf(filePass);
  for (const password of passwords) {
    const key = (block: number): Buffer => scheme.keyOf(password.slice(0, MAX_PASSWORD), block);
    const stream = rc4KeyStream(key(0), VERIFIER_BYTES + scheme.verifierHash.length);
    const verifier = xor(scheme.verifier, stream);
    const wanted = xor(scheme.verifierHash, stream.subarray(VERIFIER_BYTES));
    if (createHash(scheme.hash).update(verifier).digest().equals(wanted)) return key;
  }
  return null;
}

/** Reads the record FilePass ([MS-XLS] 2.4.117). Throws Unsupported for what is not RC4, Damaged when it is cut off. */
function schemeOf(bytes: Buffer): Scheme {
  const type = bytes.readUInt16LE(0);
  if (type !== RC4) throw new Unsupported(`encrypted in way ${type}`);
  const major = bytes.readUInt16LE(2);
  if (major === 1) return oldScheme(bytes.subarray(6));
  if (major >= 2 && major <= 4) return cryptoApiScheme(bytes.subarray(6));
  throw new Unsupported(`encryption of version ${major}`);
}

/** [MS-OFFCRYPTO] 2.3.6.2: 40 bits of the password's hash. */
function oldScheme(bytes: Buffer): Scheme {
  if (bytes.length < 48) throw new Damaged('the description of the encryption is cut off');
  const salt = bytes.subarray(0, 16);
  return {
    keyOf(password, block) {
      const first = digest('md5', Buffer.from(password, 'utf16le')).subarray(0, 5);
      const salted = Buffer.concat(Array.from({ length: 16 }, () => [first, salt]).flat());
      return digest('md5', digest('md5', salted).subarray(0, 5), littleEndian(block));
    },
    hash: 'md5',
    verifier: bytes.subarray(16, 32),
    verifierHash: bytes.subarray(32, 48),
  };
}

/** [MS-OFFCRYPTO] 2.3.5. */
function cryptoApiScheme(bytes: Buffer): Scheme {
  if (bytes.length < 8 + 20) throw new Damaged('the description of the encryption is cut off');
  const algorithm = bytes.readUInt32LE(8 + 8);
  if (algorithm !== RC4_ALGORITHM) throw new Unsupported(`algorithm 0x${algorithm.toString(16)}`);
  const keyBytes = Math.min(16, (bytes.readUInt32LE(8 + 16) || 40) >> 3);
  const at = 8 + bytes.readUInt32LE(4);
  if (at + 60 > bytes.length) throw new Damaged('the description of the encryption is cut off');
  const salt = bytes.subarray(at + 4, at + 20);
  return {
    keyOf(password, block) {
      const first = digest('sha1', salt, Buffer.from(password, 'utf16le'));
      const key = digest('sha1', first, littleEndian(block)).subarray(0, keyBytes);
      // A key of 40 bits is filled up with zeros.
      return keyBytes === 5 ? Buffer.concat([key], 16) : key;
    },
    hash: 'sha1',
    verifier: bytes.subarray(at + 20, at + 36),
    verifierHash: bytes.subarray(at + 40, at + 60),
  };
}

function digest(hash: string, ...parts: Buffer[]): Buffer {
  const made = createHash(hash);
  for (const part of parts) made.update(part);
  return made.digest();
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function xor(bytes: Buffer, stream: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ (stream[i] ?? 0)));
}
