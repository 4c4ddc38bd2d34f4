import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyId, secretKey } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { fingerprintOf, keyFileText, type KeyTerms } from './key-file.ts';
import type { TrustedKey, TrustedKeys } from './trusted-keys.ts';

export interface CreatedKey {
  readonly id: string;
  readonly fingerprint: string;
  /** Path of the key that signs. */
  readonly secret: string;
  /** Path of the key that others trust. */
  readonly trusted: string;
}

export interface NewKey extends KeyTerms {
  /** The key whose place it takes, and until when both count. */
  readonly before?: { readonly secret: KeyObject; readonly until: string };
}

/** Makes a pair in the folder, under the key's id. Never overwrites. Throws BL_OUTPUT. */
export function createKey(folder: string, { before, ...terms }: NewKey): CreatedKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const id = keyId(publicKey);
  const secret = secretPath(folder, id);
  const trusted = join(folder, `bundle-${id}.pem`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }), { flag: 'wx', mode: 0o600 });
    writeFileSync(trusted, keyFileText(publicKey, terms, before ?? null), { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `the key cannot be written to ${folder}: ${inWords(cause)}`, {
      cause,
    });
  }
  return { id, fingerprint: fingerprintOf(publicKey), secret, trusted };
}

/** The file of the newest key in the folder that can sign and counts. null: there is none. */
export function newestSecret(folder: string, keys: TrustedKeys): string | null {
  const [newest] = [...keys.values()]
    .filter(({ id, refused }) => refused === null && hasSecret(folder, id))
    .toSorted((one, other) => madeAt(other) - madeAt(one));
  return newest === undefined ? null : secretPath(folder, newest.id);
}

function madeAt({ created_at }: TrustedKey): number {
  return created_at === null ? 0 : Date.parse(created_at);
}

export function hasSecret(folder: string, id: string): boolean {
  return existsSync(secretPath(folder, id));
}

/** The key that signs. Throws BL_CONFIG; also for a file that others can read. */
export async function signingKey(path: string): Promise<KeyObject> {
  return secretKey(path, '`backuplens keys create` makes a pair');
}

function secretPath(folder: string, id: string): string {
  return join(folder, `bundle-${id}.key`);
}
