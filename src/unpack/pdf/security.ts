import { createDecipheriv, createHash } from 'node:crypto';
import { Damaged } from '../trouble.ts';
import { keyFor, type Lock } from './passwords.ts';
import { rc4Cipher } from './rc4.ts';
import { nameText, PdfDict, PdfString, type PdfValue } from './values.ts';

/** How bytes of one kind are encrypted. `unknown`: by a handler or method that nobody here knows. */
export type Method = 'none' | 'rc4' | 'aes128' | 'aes256' | 'unknown';

/** ISO 32000-2, 7.6: what of a document is encrypted, and how. */
export interface Security {
  readonly streams: Method;
  readonly strings: Method;
  readonly embedded: Method;
  readonly metadata: boolean;
  /** The methods that streams may name in a Crypt filter. */
  method(name: string): Method;
  /** null: no password that was given opens it. */
  readonly key: Buffer | null;
}

/** `password` is tried first as the user's, then as the owner's. */
export function securityOf(dict: PdfDict, id: Buffer, passwords: Iterable<string>): Security {
  const version = whole(dict.get('V'), 0);
  const revision = whole(dict.get('R'), 2);
  const standard = nameText(dict.get('Filter')) === 'Standard';
  const classic: Method = standard && version >= 1 && version <= 3 ? 'rc4' : 'unknown';
  const filters = dict.get('CF');
  const method = (name: string): Method => {
    if (name === 'Identity') return 'none';
    const filter = filters instanceof PdfDict ? filters.get(name) : null;
    return standard && filter instanceof PdfDict ? methodOf(nameText(filter.get('CFM'))) : 'unknown';
  };
  const named = (key: string, otherwise: Method): Method => {
    if (version < 4) return classic;
    const name = nameText(dict.get(key));
    return name === null ? otherwise : method(name);
  };
  const streams = named('StmF', 'none');
  const lock: Lock = {
    revision,
    keyLength: keyLengthOf(dict, version, revision),
    owner: bytesOf(dict.get('O')),
    user: bytesOf(dict.get('U')),
    ownerKey: bytesOf(dict.get('OE')),
    userKey: bytesOf(dict.get('UE')),
    permissions: whole(dict.get('P'), 0),
    encryptMetadata: dict.get('EncryptMetadata') !== false,
    id,
  };
  return {
    streams,
    strings: named('StrF', 'none'),
    embedded: named('EFF', streams),
    metadata: lock.encryptMetadata,
    method,
    key: standard ? firstKey(passwords, lock) : null,
  };
}

function firstKey(passwords: Iterable<string>, lock: Lock): Buffer | null {
  for (const password of passwords) {
    const key = keyFor(password, lock);
    if (key !== null) return key;
  }
  return null;
}

function methodOf(name: string | null): Method {
  if (name === 'V2') return 'rc4';
  if (name === 'AESV2') return 'aes128';
  if (name === 'AESV3') return 'aes256';
  return name === 'None' ? 'none' : 'unknown';
}

/** /Length is in bits; old writers put bytes there. From 5 to 16 bytes before AES-256. */
function keyLengthOf(dict: PdfDict, version: number, revision: number): number {
  if (revision >= 5) return 32;
  if (revision === 2 || version === 1) return 5;
  const bits = whole(dict.get('Length'), version >= 4 ? 128 : 40);
  const bytes = bits < 40 ? bits : bits >> 3;
  return version >= 4 ? 16 : Math.max(5, Math.min(16, bytes));
}

function whole(value: PdfValue, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : otherwise;
}

function bytesOf(value: PdfValue): Buffer {
  return value instanceof PdfString ? value.bytes : Buffer.alloc(0);
}

/** ISO 32000-1, 7.6.2, algorithm 1: each object has a key of its own, but for AES-256. */
export function objectKey(key: Buffer, method: Method, number: number, generation: number): Buffer {
  if (method === 'aes256') return key;
  const salt = Buffer.alloc(5);
  salt.writeUIntLE(number & 0xffffff, 0, 3);
  salt.writeUInt16LE(generation & 0xffff, 3);
  const hash = createHash('md5').update(key).update(salt);
  if (method === 'aes128') hash.update('sAlT');
  return hash.digest().subarray(0, Math.min(16, key.length + 5));
}

/** What `chunks` holds, decrypted. */
export function decrypted(
  chunks: AsyncIterable<Buffer>,
  method: Method,
  key: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  return method === 'rc4' ? byRc4(chunks, key) : byAes(chunks, key);
}

async function* byRc4(chunks: AsyncIterable<Buffer>, key: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const cipher = rc4Cipher(key);
  for await (const chunk of chunks) yield cipher(chunk);
}

const BLOCK = 16;
const CR = 13;

/** CBC with the initial vector in front and padding at the end (ISO 32000-1, 7.6.2). */
async function* byAes(chunks: AsyncIterable<Buffer>, key: Buffer): AsyncGenerator<Buffer, void, undefined> {
  let vector = Buffer.alloc(0);
  let cipher: ReturnType<typeof createDecipheriv> | null = null;
  let held = Buffer.alloc(0);
  let size = 0;
  let last = 0;
  for await (const chunk of chunks) {
    let rest: Buffer = chunk;
    size += chunk.length;
    last = chunk.at(-1) ?? last;
    if (cipher === null) {
      vector = Buffer.concat([vector, chunk.subarray(0, BLOCK - vector.length)]);
      rest = chunk.subarray(chunk.length - (size - vector.length));
      if (vector.length < BLOCK) continue;
      cipher = createDecipheriv(key.length === 32 ? 'aes-256-cbc' : 'aes-128-cbc', key, vector);
      cipher.setAutoPadding(false);
    }
    const plain = Buffer.concat([held, cipher.update(rest)]);
    // The last block holds the padding.
    const ready = Math.max(0, plain.length - BLOCK);
    held = Buffer.from(plain.subarray(ready));
    if (ready > 0) yield plain.subarray(0, ready);
  }
  const padding = held.at(-1) ?? 0;
  const end = padding >= 1 && padding <= BLOCK ? held.length - padding : held.length;
  if (end > 0) yield held.subarray(0, end);
  // A stream without a length may come with the first half of the line end before `endstream`.
  const beyond = size % BLOCK;
  if (beyond > 1 || (beyond === 1 && last !== CR))
    throw new Damaged('the encrypted bytes end within a block');
}

/** A short string, decrypted; itself where it cannot be. */
export function decryptedString(bytes: Buffer, method: Method, key: Buffer): Buffer {
  if (method === 'rc4') return rc4Cipher(key)(bytes);
  const whole16 = bytes.length & ~(BLOCK - 1);
  if (whole16 < BLOCK * 2) return Buffer.alloc(0);
  const name = key.length === 32 ? 'aes-256-cbc' : 'aes-128-cbc';
  const cipher = createDecipheriv(name, key, bytes.subarray(0, BLOCK)).setAutoPadding(false);
  const plain = cipher.update(bytes.subarray(BLOCK, whole16));
  const padding = plain.at(-1) ?? 0;
  return padding >= 1 && padding <= BLOCK ? plain.subarray(0, plain.length - padding) : plain;
}
