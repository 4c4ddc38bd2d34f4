import { sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { BUNDLE_SCHEMA } from './manifest.ts';
import { refused } from './refused.ts';
import { idOfSecret } from './signing-keys.ts';
import type { TrustedKeys } from './trusted-keys.ts';

export const MAX_SIGNATURE_BYTES = 4096;

const signature = z.strictObject({
  algorithm: z.literal('ed25519'),
  key: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** A signature for bundles must not be one for anything else. */
function signed(manifest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${BUNDLE_SCHEMA}\0`), manifest]);
}

/** What goes beside the manifest. */
export function signManifest(manifest: Buffer, key: KeyObject): Buffer {
  const made = {
    algorithm: 'ed25519',
    key: idOfSecret(key),
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
        ? 'take the public key (bundle-….pem) of whoever makes your bundles: `backuplens keys add`'
        : `trusted are ${[...keys.keys()].join(', ')}; \`backuplens keys add\` takes the successor of one of them`,
    );
  }
  if (!verify(null, signed(manifest), key.key, Buffer.from(text, 'base64')))
    throw refused(`its manifest is not what key ${id} has signed: it was changed`);
  if (key.refused !== null) {
    throw refused(
      `it is signed by a key that does not count any more: ${key.refused}`,
      'have it made again with a key that counts: `backuplens keys list` shows them',
    );
  }
  return id;
}
