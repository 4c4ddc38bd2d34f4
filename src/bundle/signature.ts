import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { isSignedFor, keyId, signFor } from '../bytes/index.ts';
import { BUNDLE_SCHEMA } from './manifest.ts';
import { refused } from './refused.ts';
import type { TrustedKeys } from './trusted-keys.ts';

export const MAX_SIGNATURE_BYTES = 4096;

const signature = z.strictObject({
  algorithm: z.literal('ed25519'),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

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
        ? 'take the public key (bundle-….pem) of whoever makes your bundles: `backuplens keys add`'
        : `trusted are ${[...keys.keys()].join(', ')}; \`backuplens keys add\` takes the successor of one of them`,
    );
  }
  if (!isSignedFor(BUNDLE_SCHEMA, manifest, key.key, text))
    throw refused(`its manifest is not what key ${id} has signed: it was changed`);
  if (key.refused !== null) {
    throw refused(
      `it is signed by a key that does not count any more: ${key.refused}`,
      'have it made again with a key that counts: `backuplens keys list` shows them',
    );
  }
  return id;
}
