import { createCipheriv, createHmac, pbkdf2, timingSafeEqual, type Cipheriv } from 'node:crypto';
import { promisify } from 'node:util';
import { Unread } from './unread.ts';

// https://www.winzip.com/en/support/aes-encryption/: salt, two bytes that check the password, data, ten of HMAC-SHA1.
const derive = promisify(pbkdf2);
const ITERATIONS = 1000;
const VERIFIER_BYTES = 2;
export const MAC_BYTES = 10;
const BLOCK = 16;
/** Counter blocks encrypted at a time, in bytes. */
const PIECE_BYTES = 64 * 1024;

export interface AesKeys {
  readonly cipher: Buffer;
  readonly mac: Buffer;
}

export function aesHeaderBytes(keyBytes: number): number {
  return keyBytes / 2 + VERIFIER_BYTES;
}

/** null: the password does not fit (one wrong one of 65,536 seems to). `head` is salt and verifier. */
export async function aesKeys(password: Buffer, head: Buffer, keyBytes: number): Promise<AesKeys | null> {
  const salt = head.subarray(0, keyBytes / 2);
  const keys = await derive(password, salt, ITERATIONS, keyBytes * 2 + VERIFIER_BYTES, 'sha1');
  if (!keys.subarray(keyBytes * 2).equals(head.subarray(keyBytes / 2))) return null;
  return { cipher: keys.subarray(0, keyBytes), mac: keys.subarray(keyBytes, keyBytes * 2) };
}

/** The content of `length` encrypted bytes and the code behind them. Throws Unread when that does not match. */
export async function* aesDecrypted(
  chunks: AsyncIterable<Buffer>,
  length: number,
  keys: AesKeys,
): AsyncGenerator<Buffer, void, undefined> {
  const hmac = createHmac('sha1', keys.mac);
  const key = new Keystream(keys.cipher);
  const code: Buffer[] = [];
  let left = length;
  for await (const chunk of chunks) {
    const data = chunk.subarray(0, left);
    left -= data.length;
    if (data.length < chunk.length) code.push(Buffer.from(chunk.subarray(data.length)));
    if (data.length === 0) continue;
    hmac.update(data);
    yield key.applied(data);
  }
  const expected = hmac.digest().subarray(0, MAC_BYTES);
  const given = Buffer.concat(code).subarray(0, MAC_BYTES);
  if (given.length < MAC_BYTES || !timingSafeEqual(given, expected))
    throw new Unread('corrupt', 'the authentication code does not match the content');
}

/** AES in counter mode with a counter that grows from its lowest byte: node:crypto's own grows from the other end. */
class Keystream {
  readonly #cipher: Cipheriv;
  readonly #counters = Buffer.alloc(PIECE_BYTES);
  #next = 1;
  #key: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(key: Buffer) {
    this.#cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null);
    this.#cipher.setAutoPadding(false);
  }

  applied(data: Buffer): Buffer {
    const plain = Buffer.allocUnsafe(data.length);
    for (let from = 0; from < data.length;) {
      if (this.#at === this.#key.length) this.#more(data.length - from);
      const count = Math.min(data.length - from, this.#key.length - this.#at);
      const key = this.#key;
      const shift = this.#at - from;
      for (let at = from; at < from + count; at++) plain[at] = (data[at] ?? 0) ^ (key[at + shift] ?? 0);
      this.#at += count;
      from += count;
    }
    return plain;
  }

  #more(wanted: number): void {
    const bytes = Math.min(PIECE_BYTES, Math.ceil(wanted / BLOCK) * BLOCK);
    for (let at = 0; at < bytes; at += BLOCK) this.#counters.writeUIntLE(this.#next++, at, 6);
    this.#key = this.#cipher.update(this.#counters.subarray(0, bytes));
    this.#at = 0;
  }
}
