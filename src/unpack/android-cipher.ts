import { createDecipheriv, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { ByteReader } from './byte-reader.ts';
import { Damaged } from './trouble.ts';

const CIPHER = 'aes-256-cbc';
const KEY_BYTES = 32;
const IV_BYTES = 16;
const derive = promisify(pbkdf2);

/** Of a password-protected Android backup. */
export interface EncryptionHeader {
  readonly salt: Buffer;
  readonly rounds: number;
  /** For `blob`, which holds the key of the content. */
  readonly iv: Buffer;
  readonly blob: Buffer;
}

export interface Key {
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** The key of the content, or null when the password is another. Source: BackupPasswordManager.java, PasswordUtils.java. */
export async function openKey(header: EncryptionHeader, password: string): Promise<Key | null> {
  const derived = await derive(Buffer.from(password), header.salt, header.rounds, KEY_BYTES, 'sha1');
  const decipher = createDecipheriv(CIPHER, derived, header.iv);
  let blob;
  try {
    blob = Buffer.concat([decipher.update(header.blob), decipher.final()]);
  } catch {
    return null; // Wrong padding: another password.
  }
  const parts: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    const length = blob.readUInt8(at);
    parts.push(blob.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  const [iv, key, sum, ...more] = parts;
  if (iv?.length !== IV_BYTES || key?.length !== KEY_BYTES || sum?.length !== KEY_BYTES) return null;
  return more.length === 0 ? { key, iv } : null;
}

/** Everything that the reader still has, decrypted. Throws Damaged when the end does not fit. */
export async function* decrypted(
  reader: ByteReader,
  { key, iv }: Key,
): AsyncGenerator<Buffer, void, undefined> {
  const decipher = createDecipheriv(CIPHER, key, iv);
  for await (const chunk of reader.rest()) {
    const plain = decipher.update(chunk);
    if (plain.length > 0) yield plain;
  }
  let last;
  try {
    last = decipher.final();
  } catch {
    throw new Damaged('the encrypted content is cut off or altered');
  }
  if (last.length > 0) yield last;
}
