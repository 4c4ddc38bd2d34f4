import type { KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isSignedFor,
  keyId,
  newKeyPair,
  publicKeysIn,
  secretKey,
  signFor,
  type TrustedKeys,
} from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { z } from 'zod';
import { BUNDLE_SCHEMA } from './manifest.ts';
import { refused } from './refused.ts';

export type { TrustedKeys } from '../bytes/index.ts';

export const MAX_SIGNATURE_BYTES = 4096;
const HINT = '`backuplens bundle keygen` makes a pair';

const signature = z.strictObject({
  algorithm: z.literal('ed25519'),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** Makes a pair in the folder, under the key's id. Never overwrites. Throws BL_OUTPUT. */
export function createKey(folder: string): {
  readonly id: string;
  readonly secret: string;
  readonly trusted: string;
} {
  const made = newKeyPair();
  const { id } = made;
  const secret = join(folder, `bundle-${id}.key`);
  const trusted = join(folder, `bundle-${id}.pem`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(secret, made.secret, { flag: 'wx', mode: 0o600 });
    writeFileSync(trusted, made.trusted, { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `the key cannot be written to ${folder}: ${inWords(cause)}`, {
      cause,
    });
  }
  return { id, secret, trusted };
}

/** The key that signs. Throws BL_CONFIG; also for a file that others can read. */
export async function signingKey(path: string): Promise<KeyObject> {
  return secretKey(path, HINT);
}

/** The keys of the folder: every file that ends in .pem. null: there is no such folder. Throws BL_CONFIG. */
export async function trustedKeys(folder: string): Promise<TrustedKeys | null> {
  return publicKeysIn(folder, 'BUNDLE_KEYS_DIR', HINT);
}

/** What goes beside the manifest. */
export function signManifest(manifest: Buffer, key: KeyObject): Buffer {
  const made = { algorithm: 'ed25519', key: keyId(key), signature: signFor(BUNDLE_SCHEMA, manifest, key) };
  return Buffer.from(`${JSON.stringify(made)}\n`);
}

/** The id of the key that signed it. Nothing of the manifest is read before. Throws BL_BUNDLE. */
export function verifyManifest(manifest: Buffer, signatureBytes: Buffer, keys: TrustedKeys): string {
  let said: unknown;
  try {
    said = JSON.parse(signatureBytes.toString('utf8'));
  } catch {
    throw refused('its signature is no JSON');
  }
  const parsed = signature.safeParse(said);
  if (!parsed.success) throw refused('its signature is not one of ours');
  const { key: id, signature: text } = parsed.data;
  const key = keys.get(id);
  if (key === undefined) {
    throw refused(
      `it is signed by key ${id}, which is not trusted here`,
      keys.size === 0
        ? 'copy the public key (bundle-….pem) of whoever makes your bundles to BUNDLE_KEYS_DIR (./config/bundle-keys)'
        : `trusted are ${[...keys.keys()].join(', ')}`,
    );
  }
  if (isSignedFor(BUNDLE_SCHEMA, manifest, key, text)) return id;
  throw refused(`its manifest is not what key ${id} has signed: it was changed`);
}
