import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BackupLensError, inWords } from '../domain/index.ts';
import { errorCode } from './folder.ts';
import { readAtMost } from './read-at-most.ts';

const MAX_KEY_BYTES = 4096;
const MAX_KEYS = 100;

/** Public keys by their ids. Several at once: the next one is trusted before the old one goes. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

/** A new pair, as files have it (PKCS #8 and SubjectPublicKeyInfo, PEM). */
export function newKeyPair(): { readonly id: string; readonly secret: string; readonly trusted: string } {
  const pair = generateKeyPairSync('ed25519');
  return {
    id: keyId(pair.publicKey),
    secret: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    trusted: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Of a pair: the first 16 digits of the SHA-256 of the public key as SubjectPublicKeyInfo (RFC 8410). */
export function keyId(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  const bytes = open.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** `hint`: how to come by a key. Throws BL_CONFIG; also for a file that others can read. */
export async function secretKey(path: string, hint: string): Promise<KeyObject> {
  const key = await read(path, hint, (pem) => createPrivateKey(pem));
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) {
    throw new BackupLensError(
      'BL_CONFIG',
      `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`,
      {
        hint: `chmod 600 ${path}; who has read it can sign as you do: make another key if you are not sure`,
      },
    );
  }
  return key;
}

/** Throws BL_CONFIG. */
export async function publicKey(path: string, hint: string): Promise<KeyObject> {
  return read(path, hint, (pem) => {
    // createPublicKey would take the public half of a secret key: that has no business where it is only checked.
    if (pem.includes('PRIVATE')) throw new Error('a secret key; only public ones belong here');
    return createPublicKey(pem);
  });
}

/** The keys of a folder: every file that ends in .pem. null: there is no such folder. Throws BL_CONFIG. */
export async function publicKeysIn(folder: string, what: string, hint: string): Promise<TrustedKeys | null> {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.pem') && !name.startsWith('.'));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    throw new BackupLensError('BL_CONFIG', `${what} ${folder}: ${inWords(cause)}`, { cause });
  }
  if (names.length > MAX_KEYS)
    throw new BackupLensError('BL_CONFIG', `${folder} holds more than ${MAX_KEYS} keys`);
  const keys = new Map<string, KeyObject>();
  for (const name of names.toSorted()) {
    const key = await publicKey(join(folder, name), hint);
    keys.set(keyId(key), key);
  }
  return keys;
}

/** In base64. `purpose` has no zero byte: a signature for one is none for another. */
export function signFor(purpose: string, bytes: Buffer, key: KeyObject): string {
  return sign(null, withPurpose(purpose, bytes), key).toString('base64');
}

export function isSignedFor(purpose: string, bytes: Buffer, key: KeyObject, signature: string): boolean {
  return verify(null, withPurpose(purpose, bytes), key, Buffer.from(signature, 'base64'));
}

function withPurpose(purpose: string, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${purpose}\0`), bytes]);
}

async function read(path: string, hint: string, parse: (pem: string) => KeyObject): Promise<KeyObject> {
  try {
    const key = parse((await readAtMost(path, MAX_KEY_BYTES)).toString('latin1'));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
    return key;
  } catch (cause) {
    throw new BackupLensError('BL_CONFIG', `the key ${path} cannot be used: ${inWords(cause)}`, {
      hint,
      cause,
    });
  }
}
