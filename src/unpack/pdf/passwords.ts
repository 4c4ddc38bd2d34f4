import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { rc4 } from './rc4.ts';

/** What the encryption dictionary says (ISO 32000-2, 7.6.4, tables 20 and 21). */
export interface Lock {
  readonly revision: number;
  /** Of the key, in bytes. */
  readonly keyLength: number;
  readonly owner: Buffer;
  readonly user: Buffer;
  readonly ownerKey: Buffer;
  readonly userKey: Buffer;
  readonly permissions: number;
  readonly encryptMetadata: boolean;
  /** The first half of the file's /ID. */
  readonly id: Buffer;
}

/** ISO 32000-1, 7.6.3.3, algorithm 2, step (a). */
const PADDING = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');

/** The file's key, if `password` is its user's or its owner's; else null. */
export function keyFor(password: string, lock: Lock): Buffer | null {
  if (lock.revision >= 5) return modernKey(Buffer.from(password, 'utf8').subarray(0, 127), lock);
  const bytes = Buffer.from(password, 'latin1');
  const byUser = classicKey(bytes, lock);
  if (opens(byUser, lock)) return byUser;
  const byOwner = classicKey(userPassword(bytes, lock), lock);
  return opens(byOwner, lock) ? byOwner : null;
}

function md5(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function padded(password: Buffer): Buffer {
  return Buffer.concat([password, PADDING]).subarray(0, 32);
}

/** Algorithm 2. */
function classicKey(password: Buffer, lock: Lock): Buffer {
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(lock.permissions | 0);
  const parts = [padded(password), lock.owner.subarray(0, 32), permissions, lock.id];
  if (lock.revision >= 4 && !lock.encryptMetadata) parts.push(Buffer.alloc(4, 0xff));
  let key = md5(...parts);
  if (lock.revision >= 3) for (let i = 0; i < 50; i++) key = md5(key.subarray(0, lock.keyLength));
  return key.subarray(0, lock.keyLength);
}

function xored(key: Buffer, by: number): Buffer {
  return Buffer.from(key.map((byte) => byte ^ by));
}

/** Algorithms 4 to 6. */
function opens(key: Buffer, lock: Lock): boolean {
  if (lock.revision === 2) return rc4(key, PADDING).equals(lock.user.subarray(0, 32));
  let proof = rc4(key, md5(PADDING, lock.id));
  for (let i = 1; i < 20; i++) proof = rc4(xored(key, i), proof);
  return proof.equals(lock.user.subarray(0, 16));
}

/** Algorithm 7: what the owner's password says the user's is. */
function userPassword(owner: Buffer, lock: Lock): Buffer {
  let key = md5(padded(owner));
  if (lock.revision >= 3) for (let i = 0; i < 50; i++) key = md5(key);
  key = key.subarray(0, lock.keyLength);
  let password: Buffer = lock.owner.subarray(0, 32);
  if (lock.revision === 2) return rc4(key, password);
  for (let i = 19; i >= 0; i--) password = rc4(xored(key, i), password);
  return password;
}

/** ISO 32000-2, 7.6.4.3.3, algorithm 2.A. */
function modernKey(password: Buffer, lock: Lock): Buffer | null {
  const { user, owner, userKey, ownerKey } = lock;
  if (user.length < 48 || owner.length < 48) return null;
  const nobody = Buffer.alloc(0);
  const userHash = user.subarray(0, 48);
  if (digest(password, user.subarray(32, 40), nobody, lock).equals(user.subarray(0, 32)))
    return unwrapped(digest(password, user.subarray(40, 48), nobody, lock), userKey);
  if (digest(password, owner.subarray(32, 40), userHash, lock).equals(owner.subarray(0, 32)))
    return unwrapped(digest(password, owner.subarray(40, 48), userHash, lock), ownerKey);
  return null;
}

function unwrapped(key: Buffer, wrapped: Buffer): Buffer | null {
  if (wrapped.length < 32) return null;
  const cipher = createDecipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
  return cipher.update(wrapped.subarray(0, 32));
}

const HASHES = ['sha256', 'sha384', 'sha512'] as const;

/** Algorithm 2.B; revision 5 has its first step only. */
function digest(password: Buffer, salt: Buffer, extra: Buffer, { revision }: Lock): Buffer {
  let key: Buffer = createHash('sha256').update(password).update(salt).update(extra).digest();
  if (revision === 5) return key;
  for (let round = 0, last = 0; round < 64 || last > round - 32; round++) {
    const once = Buffer.concat([password, key, extra]);
    const many = Buffer.concat(Array.from({ length: 64 }, () => once));
    const cipher = createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32));
    const block = cipher.setAutoPadding(false).update(many);
    const sum = block.subarray(0, 16).reduce((total, byte) => total + byte, 0);
    key = createHash(HASHES[sum % 3] ?? 'sha256')
      .update(block)
      .digest();
    last = block.at(-1) ?? 0;
  }
  return key.subarray(0, 32);
}
