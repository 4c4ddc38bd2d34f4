import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { FolderListing } from './folder-listing.ts';
import { join } from './join-path.ts';
import { openRoot } from './open-root.ts';

/** Key, configuration and head files are smaller than this. */
const MAX_SMALL_BYTES = 64 * 1024;
/** Larger files are known by their beginning only. */
const MAX_SAMPLED_BYTES = 4 * 1024 * 1024;
/** Folders and files that are looked into, chosen at random: nobody can know which have to be genuine. */
const SAMPLES = 3;
/** What was written just now may still be being written: it proves nothing against a set, in ms. */
const FRESH_MS = 60_000;
const HASH_NAME = /^[0-9a-f]{64}$/;

interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  /** In bytes; `bytes` may be less. */
  readonly size: number;
  readonly is_fresh: boolean;
}

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

function isResticKey({ bytes }: Sample): boolean {
  const key = jsonOf(bytes);
  return (
    key !== null &&
    key['kdf'] === 'scrypt' &&
    ['N', 'r', 'p'].every((name) => typeof key[name] === 'number') &&
    ['salt', 'data'].every((name) => typeof key[name] === 'string')
  );
}

function isCalledByHash({ name, bytes, size, is_fresh }: Sample): boolean {
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

function isGitPack({ bytes, size }: Sample): boolean {
  if (bytes.toString('latin1', 0, 4) !== 'PACK') return false;
  if (bytes.length < size) return true;
  const algorithm = (length: number, name: string): boolean =>
    createHash(name).update(bytes.subarray(0, -length)).digest().equals(bytes.subarray(-length));
  return algorithm(20, 'sha1') || algorithm(32, 'sha256');
}

function isGitObject(folder: string, { name, bytes, size }: Sample): boolean {
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

/** A file's first bytes; null: there is no such file that can be read. */
async function sample(folder: Buffer, name: string, most: number): Promise<Sample | null> {
  try {
    const { handle, stats } = await openRoot(join(folder, Buffer.from(name)));
    try {
      const size = Number(stats.size);
      const bytes = Buffer.alloc(Math.min(size, most));
      const { bytesRead } =
        bytes.length === 0 ? { bytesRead: 0 } : await handle.read(bytes, 0, bytes.length, 0);
      const age = Date.now() - Number(stats.mtimeMs);
      const last = name.slice(name.lastIndexOf('/') + 1);
      return { name: last, bytes: bytes.subarray(0, bytesRead), size, is_fresh: age < FRESH_MS };
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** Of those that are called so. */
async function samplesOf(folder: Buffer, below: string, most: number, called = /./): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const name of await chosen(folder, below, called, 'file')) {
    const one = await sample(folder, `${below}/${name}`, most);
    if (one !== null) samples.push(one);
  }
  return samples;
}

/** A few names at random; none where the folder cannot be read. */
async function chosen(
  folder: Buffer,
  below: string,
  called: RegExp,
  kind: 'file' | 'folder',
): Promise<string[]> {
  try {
    const names: string[] = [];
    for (const entry of (await FolderListing.of(join(folder, Buffer.from(below)))).entries()) {
      const name = entry.name.toString('latin1');
      // Hidden ones are what copying tools are just writing.
      if (entry.kind === kind && !name.startsWith('.') && called.test(name)) names.push(name);
    }
    const from = Math.floor(Math.random() * names.length);
    return [...names.slice(from), ...names.slice(0, from)].slice(0, SAMPLES);
  } catch {
    return [];
  }
}

function jsonOf(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
