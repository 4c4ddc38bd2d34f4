import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readAtMost, writeAll } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { createNew, syncFolder } from './files.ts';
import { isSuccessor, parseKeyFile, type PublicKeyFile } from './key-file.ts';
import { refused } from './refused.ts';

const MAX_KEY_BYTES = 4096;
const MAX_KEYS = 100;
const REVOKED_NAME = /^bundle-([0-9a-f]{16})\.revoked$/;
/** As many digits of a fingerprint as nobody finds another key for. */
const MIN_FINGERPRINT = 16;

const revocation = z.object({ at: z.iso.datetime(), who: z.string(), reason: z.string() });
/** Why a key no longer counts. */
export type Revocation = z.infer<typeof revocation>;

/** A key of the folder. */
export interface TrustedKey extends PublicKeyFile {
  readonly path: string;
  /** The key that has taken its place; null: none has. */
  readonly replaced_by: string | null;
  /** Until when it counts by its own terms and those of its successor; null: without an end. */
  readonly until: string | null;
  readonly revoked: Revocation | null;
  /** Why nothing that it signed is taken now, in words; null: it is. */
  readonly refused: string | null;
}

/** Public keys by their ids. Several at once: the next one is trusted before the old one goes. */
export type TrustedKeys = ReadonlyMap<string, TrustedKey>;

/**
 * The keys of the folder: every file that ends in .pem. null: there is no such folder. `now` decides which of them still count, in ms
 * since 1970. Throws BL_CONFIG.
 */
export async function trustedKeys(folder: string, now: number): Promise<TrustedKeys | null> {
  const names = namesIn(folder);
  if (names === null) return null;
  const files = new Map<string, PublicKeyFile & { readonly path: string }>();
  for (const name of names.filter((one) => one.endsWith('.pem') && !one.startsWith('.'))) {
    const path = join(folder, name);
    const { file } = await readKeyFile(path);
    const twin = files.get(file.id);
    // One of them could say less of when it ends.
    if (twin !== undefined)
      throw new BackupLensError('BL_CONFIG', `${twin.path} and ${path} are the same key: remove one of them`);
    files.set(file.id, { ...file, path });
  }
  const revocations = await revocationsIn(folder, names);
  const successors = successorsIn(files, revocations);
  return new Map(
    [...files.values()].map((file) => {
      const next = successors.get(file.id) ?? null;
      const key = {
        ...file,
        replaced_by: next?.id ?? null,
        until: earlier(file.expires_at, next?.succession?.until ?? null),
        revoked: revocations.get(file.id) ?? null,
      };
      return [file.id, { ...key, refused: refusalOf(key, now) }];
    }),
  );
}

/** A public key and its bytes as they are. Throws BL_CONFIG. */
export async function readKeyFile(
  path: string,
): Promise<{ readonly file: PublicKeyFile; readonly bytes: Buffer }> {
  try {
    const bytes = await readAtMost(path, MAX_KEY_BYTES);
    return { file: parseKeyFile(bytes.toString('latin1')), bytes };
  } catch (cause) {
    throw new BackupLensError('BL_CONFIG', `the key ${path} cannot be used: ${inWords(cause)}`, {
      hint: '`backuplens keys create` makes a pair',
      cause,
    });
  }
}

/**
 * Takes a key into the folder: one that a key which counts here has named its successor, or whose fingerprint somebody has compared.
 * False: it is here already. Throws BL_BUNDLE when nobody vouches for it, BL_CONFIG, BL_OUTPUT.
 */
export async function addKey(
  folder: string,
  { file, bytes }: Awaited<ReturnType<typeof readKeyFile>>,
  { compared, now }: { readonly compared: string | null; readonly now: number },
): Promise<boolean> {
  const keys = (await trustedKeys(folder, now)) ?? new Map<string, TrustedKey>();
  const known = keys.get(file.id);
  if (revoked(folder, file.id)) throw refused(known?.refused ?? `key ${file.id} was revoked here`);
  if (compared !== null) assertCompared(file, compared);
  if (known !== undefined) return false;
  if (file.expires_at !== null && now >= Date.parse(file.expires_at))
    throw refused(`key ${file.id} expired at ${file.expires_at}`);
  if (compared === null) assertSucceeds(file, keys);
  await write(folder, `bundle-${file.id}.pem`, bytes);
  return true;
}

/** From now on nothing that it signed is taken. It stays in the folder, so that it does not come back. False: it was already. */
export async function revokeKey(folder: string, id: string, why: Revocation): Promise<boolean> {
  if (revoked(folder, id)) return false;
  await write(folder, `bundle-${id}.revoked`, Buffer.from(`${JSON.stringify(why)}\n`));
  return true;
}

function assertCompared({ id, fingerprint }: PublicKeyFile, compared: string): void {
  const digits = compared.toLowerCase().replaceAll(/[^0-9a-f]/g, '');
  if (digits.length >= MIN_FINGERPRINT && fingerprint.startsWith(digits)) return;
  throw refused(
    `key ${id} has another fingerprint than the one you were told`,
    `its own is ${fingerprint}; at least ${MIN_FINGERPRINT} digits are compared`,
  );
}

function assertSucceeds(file: PublicKeyFile, keys: TrustedKeys): void {
  const compare =
    'ask whoever made it for its fingerprint, by telephone or on paper, and give that: --trust FINGERPRINT';
  if (file.succession === null) throw refused(`no key vouches for key ${file.id}`, compare);
  const { from } = file.succession;
  const before = keys.get(from);
  if (before === undefined) {
    throw refused(
      `key ${file.id} takes the place of key ${from}, which is not trusted here`,
      `take that one first, or ${compare}`,
    );
  }
  if (before.refused !== null)
    throw refused(`key ${file.id} cannot take the place of another: ${before.refused}`, compare);
  if (!isSuccessor(file, before))
    throw refused(`key ${file.id} is not what key ${from} has signed: it was changed`);
}

function namesIn(folder: string): readonly string[] | null {
  let names: string[];
  try {
    names = readdirSync(folder).toSorted();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new BackupLensError('BL_CONFIG', `KEYS_DIR ${folder}: ${inWords(cause)}`, { cause });
  }
  if (names.filter((name) => name.endsWith('.pem')).length > MAX_KEYS)
    throw new BackupLensError('BL_CONFIG', `${folder} holds more than ${MAX_KEYS} keys`);
  return names;
}

function revoked(folder: string, id: string): boolean {
  return namesIn(folder)?.includes(`bundle-${id}.revoked`) ?? false;
}

/** The name of the file is enough: one that was cut short revokes all the same. */
async function revocationsIn(
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Revocation>> {
  const revocations = new Map<string, Revocation>();
  for (const name of names) {
    const id = REVOKED_NAME.exec(name)?.[1];
    if (id !== undefined) revocations.set(id, await revocationOf(join(folder, name)));
  }
  return revocations;
}

async function revocationOf(path: string): Promise<Revocation> {
  const unknown = { at: new Date(0).toISOString(), who: 'unknown', reason: 'its file cannot be read' };
  try {
    const said = revocation.safeParse(JSON.parse((await readAtMost(path, MAX_KEY_BYTES)).toString('utf8')));
    return said.success ? said.data : unknown;
  } catch {
    return unknown;
  }
}

/** By the key that they replace: of several the one that ends it first. Those that were revoked replace nothing. */
function successorsIn(
  files: ReadonlyMap<string, PublicKeyFile & { readonly path: string }>,
  revocations: ReadonlyMap<string, Revocation>,
): ReadonlyMap<string, PublicKeyFile> {
  const successors = new Map<string, PublicKeyFile>();
  for (const file of files.values()) {
    const { succession } = file;
    const before = succession === null ? undefined : files.get(succession.from);
    if (succession === null || before === undefined || revocations.has(file.id)) continue;
    if (!isSuccessor(file, before)) {
      throw new BackupLensError(
        'BL_CONFIG',
        `the key ${file.path} cannot be used: it is not what key ${before.id} has signed`,
      );
    }
    const other = successors.get(before.id)?.succession ?? null;
    if (other === null || Date.parse(succession.until) < Date.parse(other.until))
      successors.set(before.id, file);
  }
  return successors;
}

function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) <= Date.parse(other) ? one : other;
}

function refusalOf(
  { id, revoked: why, until, expires_at, replaced_by }: Omit<TrustedKey, 'refused'>,
  now: number,
): string | null {
  if (why !== null) return `key ${id} was revoked at ${why.at} by ${why.who}: ${why.reason}`;
  if (until === null || now < Date.parse(until)) return null;
  return until === expires_at
    ? `key ${id} expired at ${until}`
    : `key ${id} was replaced by key ${replaced_by}, and counted until ${until}`;
}

async function write(folder: string, name: string, bytes: Buffer): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const handle = await createNew(join(folder, name));
    try {
      await writeAll(handle, bytes, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `${join(folder, name)} cannot be written: ${inWords(cause)}`, {
      cause,
    });
  }
}
