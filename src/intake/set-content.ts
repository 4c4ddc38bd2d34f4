import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { chosen, MAX_SAMPLED_BYTES, MAX_SMALL_BYTES, sample, samplesOf, type Sample } from './set-samples.ts';

const HASH_NAME = /^[0-9a-f]{64}$/;

/** Its keys are JSON with the parameters of scrypt, and every file but `config` is called by the SHA-256 of what it holds. */
export async function isRestic(folder: Buffer): Promise<boolean> {
  const config = await sample(folder, 'config', MAX_SMALL_BYTES);
  // Encrypted: a nonce and a MAC of 16 bytes each, and something between them.
  if (config === null || config.size <= 32) return false;
  const keys = await samplesOf(folder, 'keys', MAX_SMALL_BYTES);
  if (keys.length === 0 || !keys.every((key) => isCalledByHash(key) && (key.is_fresh || isResticKey(key))))
    return false;
  for (const name of await chosen(folder, 'data', /^[0-9a-f]{2}$/, 'folder')) {
    const packs = await samplesOf(folder, `data/${name}`, MAX_SAMPLED_BYTES);
    if (!packs.every((pack) => pack.name.startsWith(name) && isCalledByHash(pack))) return false;
  }
  return true;
}

export function isResticKey({ bytes }: Sample): boolean {
  const key = jsonOf(bytes);
  return (
    key !== null &&
    key['kdf'] === 'scrypt' &&
    ['N', 'r', 'p'].every((name) => typeof key[name] === 'number') &&
    ['salt', 'data'].every((name) => typeof key[name] === 'string')
  );
}

export function isCalledByHash({ name, bytes, size, is_fresh }: Sample): boolean {
  if (!HASH_NAME.test(name)) return false;
  return is_fresh || bytes.length < size || createHash('sha256').update(bytes).digest('hex') === name;
}

/** `config` has the repository's version and id, README says what it is, and segments begin with a magic. */
export async function isBorg(folder: Buffer): Promise<boolean> {
  const config = await sample(folder, 'config', MAX_SMALL_BYTES);
  const text = config?.bytes.toString('latin1') ?? '';
  if (!text.startsWith('[repository]') || !/^id\s*=\s*[0-9a-f]{64}\s*$/m.test(text)) return false;
  const readme = await sample(folder, 'README', MAX_SMALL_BYTES);
  if (readme?.bytes.toString('latin1').startsWith('This is a Borg') !== true) return false;
  for (const name of await chosen(folder, 'data', /^\d+$/, 'folder')) {
    const segments = await samplesOf(folder, `data/${name}`, 8, /^\d+$/);
    if (!segments.every(({ bytes, is_fresh }) => is_fresh || bytes.toString('latin1') === 'BORG_SEG'))
      return false;
  }
  return true;
}

/** HEAD names a branch or a commit; packs end with the SHA-1 of what is before; loose objects are called by theirs. */
export async function isGit(folder: Buffer): Promise<boolean> {
  const head = await sample(folder, 'HEAD', MAX_SMALL_BYTES);
  if (!/^(?:ref: refs\/\S+|[0-9a-f]{40}|[0-9a-f]{64})\n?$/.test(head?.bytes.toString('latin1') ?? ''))
    return false;
  const packs = await samplesOf(folder, 'objects/pack', MAX_SAMPLED_BYTES, /^pack-[0-9a-f]+\.pack$/);
  if (!packs.every((pack) => pack.is_fresh || isGitPack(pack))) return false;
  for (const name of await chosen(folder, 'objects', /^[0-9a-f]{2}$/, 'folder')) {
    const objects = await samplesOf(folder, `objects/${name}`, MAX_SMALL_BYTES, /^[0-9a-f]{38,62}$/);
    if (!objects.every((one) => one.is_fresh || isGitObject(name, one))) return false;
  }
  return true;
}

export function isGitPack({ bytes, size }: Sample): boolean {
  if (bytes.toString('latin1', 0, 4) !== 'PACK') return false;
  if (bytes.length < size) return true;
  const algorithm = (length: number, name: string): boolean =>
    createHash(name).update(bytes.subarray(0, -length)).digest().equals(bytes.subarray(-length));
  return algorithm(20, 'sha1') || algorithm(32, 'sha256');
}

export function isGitObject(folder: string, { name, bytes, size }: Sample): boolean {
  if (bytes.length < size) return true;
  try {
    const content = inflateSync(bytes, { maxOutputLength: MAX_SAMPLED_BYTES });
    const id = folder + name;
    return (
      createHash(id.length === 40 ? 'sha1' : 'sha256')
        .update(content)
        .digest('hex') === id
    );
  } catch {
    return false;
  }
}

/** `global/pg_control` has its fixed size, or the manifest says that it is one. */
export async function isPostgres(folder: Buffer, format: 'plain' | 'tars'): Promise<boolean> {
  if (format === 'tars') {
    const manifest = await sample(folder, 'backup_manifest', MAX_SMALL_BYTES);
    return /^\{\s*"PostgreSQL-Backup-Manifest-Version"\s*:/.test(manifest?.bytes.toString('latin1') ?? '');
  }
  const version = await sample(folder, 'PG_VERSION', MAX_SMALL_BYTES);
  if (!/^\d{1,2}(?:\.\d)?\n$/.test(version?.bytes.toString('latin1') ?? '')) return false;
  // PG_CONTROL_FILE_SIZE (catalog/pg_control.h).
  return (await sample(folder, 'global/pg_control', 0))?.size === 8192;
}

function jsonOf(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
