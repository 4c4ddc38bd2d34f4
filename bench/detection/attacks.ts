/*
 * What ransomware does to a file, made by code: full and intermittent encryption with an ideal cipher, headers kept or lost,
 * and disguises. Nothing here comes from malware; the patterns are those that are published (docs/detection.md).
 */
import { createCipheriv, createHash } from 'node:crypto';

/** One variant: what becomes of name and bytes. null: it makes no sense on such a file (too small). */
export interface Attack {
  readonly name: string;
  /** For the aims: which of them counts it. */
  readonly group: 'full' | 'blocks' | 'stride' | 'head' | 'disguise';
  encrypt(bytes: Buffer, key: Key): Buffer | null;
  /** What the file is called afterwards. */
  rename(name: string, key: Key): string;
}

/** A different one for every file. */
export class Key {
  readonly #seed: Buffer;

  constructor(seed: string) {
    this.#seed = createHash('sha256').update(seed).digest();
  }

  aes(bytes: Buffer): Buffer {
    return createCipheriv('aes-256-ctr', this.#seed, this.#seed.subarray(0, 16)).update(bytes);
  }

  chacha(bytes: Buffer): Buffer {
    return createCipheriv('chacha20', this.#seed, this.#seed.subarray(16)).update(bytes);
  }

  /** 0 to 1, the same for the same place. */
  at(place: number): number {
    return createHash('sha256').update(this.#seed).update(String(place)).digest().readUInt32BE(0) / 2 ** 32;
  }

  bytes(length: number): Buffer {
    return this.chacha(Buffer.alloc(length));
  }
}

const same = (name: string): string => name;
const appended = (name: string): string => `${name}.locked8`;
const KB = 1024;

/** Encrypts `step` bytes wherever `chosen` says so. */
function pieces(bytes: Buffer, step: number, chosen: (index: number) => boolean, key: Key): Buffer {
  const cipher = key.aes(bytes);
  const out = Buffer.from(bytes);
  for (let at = 0, index = 0; at < bytes.length; at += step, index++) {
    if (chosen(index)) cipher.copy(out, at, at, Math.min(bytes.length, at + step));
  }
  return out;
}

/** At least one whole piece is encrypted, and one is not. */
function alternating(step: number): (bytes: Buffer, key: Key) => Buffer | null {
  return (bytes, key) =>
    bytes.length < 3 * step ? null : pieces(bytes, step, (index) => index % 2 === 1, key);
}

function alternatingFromTheFirst(step: number): (bytes: Buffer, key: Key) => Buffer | null {
  return (bytes, key) =>
    bytes.length < 3 * step ? null : pieces(bytes, step, (index) => index % 2 === 0, key);
}

function randomly(step: number, share: number): (bytes: Buffer, key: Key) => Buffer | null {
  return (bytes, key) =>
    bytes.length < step / share + step ? null : pieces(bytes, step, (index) => key.at(index) < share, key);
}

export const ATTACKS: readonly Attack[] = [
  { name: 'full, AES-CTR, same name', group: 'full', encrypt: (bytes, key) => key.aes(bytes), rename: same },
  {
    name: 'full, AES-CTR, ending appended',
    group: 'full',
    encrypt: (bytes, key) => key.aes(bytes),
    rename: appended,
  },
  {
    name: 'full, ChaCha20, same name',
    group: 'full',
    encrypt: (bytes, key) => key.chacha(bytes),
    rename: same,
  },
  {
    name: 'full, ChaCha20, name replaced',
    group: 'full',
    encrypt: (bytes, key) => (bytes.length < 2 * KB ? null : key.chacha(bytes)),
    rename: (_, key) => key.bytes(8).toString('hex'),
  },
  {
    name: 'full, trailer of 256 bytes',
    group: 'full',
    encrypt: (bytes, key) =>
      Buffer.concat([key.aes(bytes), Buffer.from('KEY\0\x01\0\0\0'.repeat(32), 'latin1')]),
    rename: appended,
  },
  {
    name: 'full, header of 512 bytes in front',
    group: 'full',
    encrypt: (bytes, key) =>
      bytes.length < 16 * KB
        ? null
        : Buffer.concat([Buffer.from('ENCR\x02\0\0\0'.repeat(64), 'latin1'), key.aes(bytes)]),
    rename: appended,
  },
  {
    name: 'first 4 KB kept',
    group: 'blocks',
    encrypt: (bytes, key) =>
      bytes.length < 16 * KB ? null : Buffer.concat([bytes.subarray(0, 4096), key.aes(bytes.subarray(4096))]),
    rename: same,
  },
  { name: 'every other 64 KB, first kept', group: 'blocks', encrypt: alternating(64 * KB), rename: same },
  {
    name: 'every other 64 KB, first encrypted',
    group: 'blocks',
    encrypt: alternatingFromTheFirst(64 * KB),
    rename: appended,
  },
  { name: 'every other 4 KB, first kept', group: 'blocks', encrypt: alternating(4 * KB), rename: same },
  {
    name: 'every other 4 KB, first encrypted',
    group: 'blocks',
    encrypt: alternatingFromTheFirst(4 * KB),
    rename: same,
  },
  { name: '50 % of 4 KB blocks', group: 'blocks', encrypt: randomly(4 * KB, 0.5), rename: same },
  { name: '20 % of 4 KB blocks', group: 'blocks', encrypt: randomly(4 * KB, 0.2), rename: same },
  { name: '20 % of 64 KB blocks', group: 'blocks', encrypt: randomly(64 * KB, 0.2), rename: appended },
  {
    name: 'first 1 MB',
    group: 'blocks',
    encrypt: (bytes, key) =>
      bytes.length < 1200 * KB
        ? null
        : Buffer.concat([key.aes(bytes.subarray(0, 2 ** 20)), bytes.subarray(2 ** 20)]),
    rename: appended,
  },
  {
    name: 'first 4 KB',
    group: 'head',
    encrypt: (bytes, key) =>
      bytes.length < 8 * KB ? null : Buffer.concat([key.aes(bytes.subarray(0, 4096)), bytes.subarray(4096)]),
    rename: same,
  },
  {
    name: 'first 4 KB, ending appended',
    group: 'head',
    encrypt: (bytes, key) =>
      bytes.length < 8 * KB ? null : Buffer.concat([key.aes(bytes.subarray(0, 4096)), bytes.subarray(4096)]),
    rename: appended,
  },
  {
    name: 'every other 16 bytes',
    group: 'stride',
    encrypt: (bytes, key) => pieces(bytes, 16, (index) => index % 2 === 0, key),
    rename: same,
  },
  {
    name: 'every other 16 bytes, first 4 KB kept',
    group: 'stride',
    encrypt: (bytes, key) =>
      bytes.length < 16 * KB ? null : pieces(bytes, 16, (index) => index >= 256 && index % 2 === 1, key),
    rename: same,
  },
  {
    name: '16 of every 64 bytes',
    group: 'disguise',
    encrypt: (bytes, key) =>
      bytes.length < 8 * KB ? null : pieces(bytes, 16, (index) => index % 4 === 0, key),
    rename: same,
  },
  {
    name: 'base64 of ciphertext',
    group: 'disguise',
    encrypt: (bytes, key) => (bytes.length < 2 * KB ? null : Buffer.from(key.aes(bytes).toString('base64'))),
    rename: appended,
  },
  {
    name: 'hexadecimal of ciphertext',
    group: 'disguise',
    encrypt: (bytes, key) => (bytes.length < 2 * KB ? null : Buffer.from(key.aes(bytes).toString('hex'))),
    rename: appended,
  },
  {
    name: 'xor with one byte',
    group: 'disguise',
    encrypt: (bytes, key) => Buffer.from(bytes.map((byte) => byte ^ (1 + Math.floor(key.at(0) * 255)))),
    rename: appended,
  },
  {
    name: 'ciphertext, then as many zeros',
    group: 'disguise',
    encrypt: (bytes, key) => Buffer.concat([key.aes(bytes), Buffer.alloc(bytes.length)]),
    rename: appended,
  },
  {
    name: 'a faked magic (gzip) in front',
    group: 'disguise',
    encrypt: (bytes, key) =>
      bytes.length < 8 * KB
        ? null
        : Buffer.concat([Buffer.from('1f8b0800000000000003', 'hex'), key.aes(bytes)]),
    rename: same,
  },
  {
    name: 'a faked magic (PNG) in front',
    group: 'disguise',
    encrypt: (bytes, key) =>
      bytes.length < 8 * KB
        ? null
        : Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), key.aes(bytes)]),
    rename: (name) => `${name}.png`,
  },
  {
    name: '`Salted__` in front, same name',
    group: 'disguise',
    encrypt: (bytes, key) => Buffer.concat([Buffer.from('Salted__'), key.aes(bytes)]),
    rename: same,
  },
];
