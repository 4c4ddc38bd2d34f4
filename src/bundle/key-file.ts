import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { keyId } from '../bytes/index.ts';

/** A public key as it is carried from machine to machine. */
export interface PublicKeyFile {
  readonly id: string;
  /** SHA-256 of the key as SubjectPublicKeyInfo (RFC 8410): what two people compare. */
  readonly fingerprint: string;
  readonly key: KeyObject;
  /** null: it does not say, as keys that openssl made. */
  readonly created_at: string | null;
  /** null: never. */
  readonly expires_at: string | null;
  readonly succession: Succession | null;
}

/** The word of the key before: this one takes its place. */
export interface Succession {
  readonly from: string;
  /** Until then both count. */
  readonly until: string;
  readonly signature: string;
}

/** What is said of a new key. */
export type KeyTerms = Pick<PublicKeyFile, 'created_at' | 'expires_at'> & { readonly created_at: string };

const id = z.string().regex(/^[0-9a-f]{16}$/);
const time = z.iso.datetime();
const head = z.strictObject({
  'BackupLens-Key': z.literal('1'),
  Created: time,
  Expires: z.union([z.literal('never'), time]),
  Replaces: id.optional(),
  'Both-Until': time.optional(),
  Signature: z
    .string()
    .regex(/^[A-Za-z0-9+/]{86}==$/)
    .optional(),
});
const BEGIN = '-----BEGIN PUBLIC KEY-----';
const LINE = /^([A-Za-z-]{1,30}): (.{1,200})$/;

/** A word for a key must not be one for a bundle. */
const PURPOSE = 'backuplens.key/1';

export function fingerprintOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Throws an Error, in words, for anything but an Ed25519 public key that is described as it should be. */
export function parseKeyFile(text: string): PublicKeyFile {
  // createPublicKey would take the public half of a secret key: that has no business where others are trusted.
  if (text.includes('PRIVATE')) throw new Error('a secret key; only public ones belong here');
  const key = createPublicKey(text);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
  const known = { id: keyId(key), fingerprint: fingerprintOf(key), key };
  // PEM allows text in front (RFC 7468); ours says what it is in its first line.
  if (!text.startsWith('BackupLens-Key: ')) {
    return { ...known, created_at: null, expires_at: null, succession: null };
  }
  const lines = text.slice(0, text.indexOf(BEGIN)).trimEnd().split('\n');
  const fields = lines.map((line) => LINE.exec(line.trimEnd()));
  const said = head.safeParse(Object.fromEntries(fields.map((field) => [field?.[1] ?? '', field?.[2]])));
  if (!said.success || new Set(fields.map((field) => field?.[1])).size !== lines.length) {
    throw new Error('what stands above the key is not as it should be');
  }
  const { Created, Expires, Replaces, 'Both-Until': until, Signature } = said.data;
  const parts = [Replaces, until, Signature].filter((part) => part !== undefined);
  if (parts.length !== 0 && parts.length !== 3) throw new Error('the word of the key before is cut short');
  return {
    ...known,
    created_at: Created,
    expires_at: Expires === 'never' ? null : Expires,
    succession:
      Replaces === undefined || until === undefined || Signature === undefined
        ? null
        : { from: Replaces, until, signature: Signature },
  };
}

/** The file of a new key; with `before`, that key's word for it. */
export function keyFileText(
  key: KeyObject,
  terms: KeyTerms,
  before: { readonly secret: KeyObject; readonly until: string } | null,
): string {
  const lines = [
    'BackupLens-Key: 1',
    `Created: ${terms.created_at}`,
    `Expires: ${terms.expires_at ?? 'never'}`,
  ];
  if (before !== null) {
    const from = keyId(before.secret);
    const word = wordFor(key, terms, { from, until: before.until });
    lines.push(
      `Replaces: ${from}`,
      `Both-Until: ${before.until}`,
      `Signature: ${sign(null, word, before.secret).toString('base64')}`,
    );
  }
  return `${lines.join('\n')}\n${key.export({ type: 'spki', format: 'pem' }).toString()}`;
}

/** Whether `before` itself has said that `file` takes its place. */
export function isSuccessor(file: PublicKeyFile, before: PublicKeyFile): boolean {
  const { key, created_at, expires_at, succession } = file;
  if (succession === null || created_at === null || succession.from !== before.id) return false;
  const word = wordFor(key, { created_at, expires_at }, succession);
  return verify(null, word, before.key, Buffer.from(succession.signature, 'base64'));
}

function wordFor(
  key: KeyObject,
  { created_at, expires_at }: KeyTerms,
  { from, until }: Pick<Succession, 'from' | 'until'>,
): Buffer {
  return Buffer.from(JSON.stringify([PURPOSE, fingerprintOf(key), created_at, expires_at, from, until]));
}
