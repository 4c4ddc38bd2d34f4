import { constants } from 'node:fs';
import { lstat, open, opendir, realpath } from 'node:fs/promises';
import { basename, dirname, join as joinText } from 'node:path';
import { z } from 'zod';
import {
  join,
  openManagedFolder,
  readAtMost,
  readWhole,
  unlessMissing,
  writeWhole,
  type Folder,
} from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { CLAIM_PREFIX } from './claim.ts';
import { CONTAINER_EXTENSION } from './container.ts';
import { HELD_FACTS } from './copy-in.ts';

const OWNER_NAME = '.backuplens-owner.json';
const MAX_OWNER_BYTES = 4096;
const owner = z.object({ instance_id: z.string() });

/** The folders of one installation, by the name of the variable that says where each is; null: there is none. */
export type Managed = Readonly<Record<string, string | null>>;

/** Throws BL_CONFIG when two of the folders are the same, or one lies in another (ATTACKS B8). */
export async function assertApart(folders: Managed): Promise<void> {
  const real: (readonly [string, string])[] = [];
  for (const [name, path] of Object.entries(folders)) {
    if (path !== null) real.push([name, `${await realPathOf(path)}/`]);
  }
  for (const [name, path] of real) {
    const inside = real.find(([other, outer]) => other !== name && path.startsWith(outer));
    if (inside === undefined) continue;
    throw new BackupLensError('BL_CONFIG', `${name} lies in ${inside[0]}: ${path.slice(0, -1)}`, {
      hint: 'give folders of which none holds another',
    });
  }
}

/**
 * In which of the folders a place is, by the name of its variable; null: in none. `place`: without links. A folder that
 * is not there yet has its name all the same.
 */
export async function managedFolderOf(place: Buffer, folders: Managed): Promise<string | null> {
  for (const [name, path] of Object.entries(folders)) {
    if (path === null) continue;
    const real = Buffer.from(await realPathOf(path));
    const inner = join(place, Buffer.alloc(0));
    const outer = join(real, Buffer.alloc(0));
    if (inner.subarray(0, outer.length).equals(outer)) return name;
  }
  return null;
}

/** Links followed as far as it exists. */
async function realPathOf(path: string): Promise<string> {
  const real = await unlessMissing(realpath(path));
  if (real !== null) return real;
  const parent = dirname(path);
  return parent === path ? path : joinText(await realPathOf(parent), basename(path));
}

/**
 * Puts our name on the folders that files are moved to. Throws BL_CONFIG for one that another installation has put
 * its name on: two that take each other's files would lose some (ATTACKS B8). `takeOver`: the other one is no more.
 */
export async function ownFolders(
  folders: readonly (string | null)[],
  instanceId: string,
  { takeOver = false }: { readonly takeOver?: boolean } = {},
): Promise<void> {
  for (const path of folders) {
    if (path === null) continue;
    const folder = await openManagedFolder(path, 'make');
    try {
      const by = await ownerOf(folder);
      if (by === instanceId) continue;
      if (by !== null && !takeOver) {
        throw new BackupLensError('BL_CONFIG', `${path} belongs to another installation (${by})`, {
          hint: 'give each its own folder, or set DATA_DIR to the store that this folder belongs to; if that store is lost, `backuplens store rebuild` takes the folder over',
        });
      }
      await writeName(folder, instanceId);
    } finally {
      await folder.close();
    }
  }
}

async function writeName(folder: Folder, instanceId: string): Promise<void> {
  try {
    await writeWhole(folder, OWNER_NAME, ownerText(instanceId));
  } catch (cause) {
    throw new BackupLensError('BL_CONFIG', `cannot write to ${folder.path.toString()}: ${inWords(cause)}`, {
      hint: 'make room there, or see that this user may write to it',
      cause,
    });
  }
}

function ownerText(instanceId: string): string {
  return `${JSON.stringify({ instance_id: instanceId })}\n`;
}

/** Whether a file is, byte by byte, the one that puts our name on a folder: no other file of that name is ours. */
export async function isOwnerFile(path: Buffer, instanceId: string): Promise<boolean> {
  const slash = path.lastIndexOf('/');
  if (path.toString('latin1', slash + 1) !== OWNER_NAME) return false;
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const expected = Buffer.from(ownerText(instanceId));
    // One byte more than it may have: a longer one is not ours.
    return (await readWhole(handle, expected.length + 1)).equals(expected);
  } finally {
    await handle.close();
  }
}

async function ownerOf(folder: Folder): Promise<string | null> {
  const bytes = await unlessMissing(readAtMost(folder.at(OWNER_NAME), MAX_OWNER_BYTES));
  if (bytes === null) return null;
  try {
    return owner.parse(JSON.parse(bytes.toString())).instance_id;
  } catch {
    return 'its owner file cannot be understood';
  }
}

/**
 * What a store must know of: containers, held files, files in a claim; in words, null when there is none. Looks at
 * the first such thing only, in the folders themselves and (claims) in `watched`.
 */
export async function leftOver(
  { quarantineDir, reviewDir }: { readonly quarantineDir: string; readonly reviewDir: string | null },
  watched: readonly string[] = [],
): Promise<string | null> {
  if (await holds(quarantineDir, isContainer)) return `something in quarantine (${quarantineDir})`;
  const isHeld = async (name: string): Promise<boolean> =>
    (await unlessMissing(lstat(joinText(reviewDir ?? '', name, HELD_FACTS)).catch(notThere))) !== null;
  if (reviewDir !== null && (await holds(reviewDir, isHeld)))
    return `something held for review (${reviewDir})`;
  for (const folder of watched) {
    if (await holds(folder, isClaim)) return `a file that was being moved (${folder}/${CLAIM_PREFIX}…)`;
  }
  return null;
}

function isContainer(name: string): boolean {
  return name.endsWith(CONTAINER_EXTENSION);
}

function isClaim(name: string): boolean {
  return name.startsWith(CLAIM_PREFIX);
}

async function holds(
  folder: string,
  isMeant: (name: string) => boolean | Promise<boolean>,
): Promise<boolean> {
  const entries = await unlessMissing(opendir(folder));
  if (entries === null) return false;
  for await (const { name } of entries) if (await isMeant(name)) return true;
  return false;
}

/** A file where a folder was expected: not what is looked for. */
function notThere(error: unknown): null {
  if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
    return null;
  throw error;
}
