import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAtMost } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { z } from 'zod';
import { BUNDLE_SCHEMA } from './manifest.ts';
import { refused } from './refused.ts';

const MAX_KEY_BYTES = 4096;
const MAX_KEYS = 100;
export const MAX_SIGNATURE_BYTES = 4096;

/** Public keys by their ids. Several at once: the next one is trusted before the old one goes. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

const signature = z.strictObject({
  algorithm: z.literal('ed25519'),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** The first 16 digits of the SHA-256 of the key as SubjectPublicKeyInfo (RFC 8410). */
function idOf(key: KeyObject): string {
  const bytes = key.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** A signature for bundles must not be one for anything else. */
function signed(manifest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${BUNDLE_SCHEMA}\0`), manifest]);
}

/** Makes a pair in the folder, under the key's id. Never overwrites. Throws BL_OUTPUT. */
export function createKey(folder: string): {
  readonly id: string;
  readonly secret: string;
  readonly trusted: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const id = idOf(publicKey);
  const secret = join(folder, `bundle-${id}.key`);
  const trusted = join(folder, `bundle-${id}.pem`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }), { flag: 'wx', mode: 0o600 });
    writeFileSync(trusted, publicKey.export({ type: 'spki', format: 'pem' }), { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `the key cannot be written to ${folder}: ${inWords(cause)}`, {
      cause,
    });
  }
  return { id, secret, trusted };
}

/** The key that signs. Throws BL_CONFIG; also for a file that others can read. */
export async function signingKey(path: string): Promise<KeyObject> {
  const key = await read(path, (pem) => createPrivateKey(pem));
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

/** The keys of the folder: every file that ends in .pem. null: there is no such folder. Throws BL_CONFIG. */
export async function trustedKeys(folder: string): Promise<TrustedKeys | null> {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.pem') && !name.startsWith('.'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new BackupLensError('BL_CONFIG', `BUNDLE_KEYS_DIR ${folder}: ${inWords(cause)}`, { cause });
  }
  if (names.length > MAX_KEYS)
    throw new BackupLensError('BL_CONFIG', `${folder} holds more than ${MAX_KEYS} keys`);
  const keys = new Map<string, KeyObject>();
  for (const name of names.toSorted()) {
    const key = await read(join(folder, name), (pem) => {
      // createPublicKey would take the public half of a secret key: that has no business on this machine.
      if (pem.includes('PRIVATE')) throw new Error('a secret key; only public ones belong here');
      return createPublicKey(pem);
    });
    keys.set(idOf(key), key);
  }
  return keys;
}

async function read(path: string, parse: (pem: string) => KeyObject): Promise<KeyObject> {
  try {
    const key = parse((await readAtMost(path, MAX_KEY_BYTES)).toString('latin1'));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
    return key;
  } catch (cause) {
    throw new BackupLensError('BL_CONFIG', `the key ${path} cannot be used: ${inWords(cause)}`, {
      hint: '`backuplens bundle keygen` makes a pair',
      cause,
    });
  }
}

/** What goes beside the manifest. */
export function signManifest(manifest: Buffer, key: KeyObject): Buffer {
  const made = {
    algorithm: 'ed25519',
    key: idOf(createPublicKey(key)),
    signature: sign(null, signed(manifest), key).toString('base64'),
  };
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
  if (verify(null, signed(manifest), key, Buffer.from(text, 'base64'))) return id;
  throw refused(`its manifest is not what key ${id} has signed: it was changed`);
}
