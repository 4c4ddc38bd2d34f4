import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { FolderListing } from '../folder-listing.ts';
import { join } from '../join-path.ts';
import type { SetFormat } from './format.ts';
import { has, isCalled } from './names.ts';
import { chosen, MAX_SAMPLED_BYTES, MAX_SMALL_BYTES, sample, samplesOf, type Sample } from './samples.ts';

const TWO_DIGITS = /^[0-9a-f]{2}$/;
const OBJECT = /^[0-9a-f]{38,62}$/;
const PACK = /^pack-[0-9a-f]+\.pack$/;

/** What stands in the folders of git's own. */
const WITHIN: Readonly<Record<string, RegExp>> = {
  refs: /^(?:heads|tags|remotes)$/,
  logs: /^(?:HEAD|refs)$/,
  info: /^(?:exclude|refs|attributes|grafts|sparse-checkout)$/,
  hooks: /\.sample$/,
  objects: /^info$/,
};

/**
 * git's object store (gitrepository-layout(5)), bare or with the working tree that it belongs to: HEAD names a branch or a commit,
 * packs end with the SHA-1 or SHA-256 of what is before, loose objects are called by theirs.
 */
export const git: SetFormat = {
  kind: 'git',
  own: /^(?:[A-Z_]*HEAD|config(?:\.worktree)?|description|hooks|info|objects|refs|packed-refs|branches|logs|index|.*\.lock|COMMIT_EDITMSG|MERGE_[A-Z]+|shallow|worktrees|modules|lfs|annex|gc\.(?:log|pid)|pack|[0-9a-f]{2})$/,

  isNamed: (listing) => has(listing, 'folder', '.git') || isStore(listing),

  isWhole: async (folder, listing) => {
    if (has(listing, 'folder', '.git') && (await isWorkingTree(folder))) return true;
    return isStore(listing) && isObjectStore(folder);
  },

  begins: async (there, entries, name) => {
    if (name.endsWith('.git')) return true;
    if (await there.begins('HEAD', /^(?:ref: refs\/|[0-9a-f]{40})/)) return true;
    if (await there.begins('config', /^\[core\]/)) return true;
    if (await there.begins('description', /^Unnamed repository/)) return true;
    if (await there.begins('index', /^DIRC/)) return true;
    if (['packed-refs', 'COMMIT_EDITMSG'].some((one) => there.is(one, 'file'))) return true;
    const objects = there.is('objects', 'folder') ? await there.within('objects') : entries;
    if (objects.some((entry) => isCalled(entry, 'folder', /^(?:pack|[0-9a-f]{2})$/))) return true;
    for (const [below, holds] of Object.entries(WITHIN)) {
      if ((await there.within(below)).some(({ name: one }) => holds.test(one.toString('latin1'))))
        return true;
    }
    return false;
  },

  shows: async (folder) => {
    const shown: boolean[] = [];
    for (const below of ['.git/objects', 'objects', '.']) {
      const packs = await samplesOf(folder, `${below}/pack`, MAX_SAMPLED_BYTES, PACK);
      shown.push(...packs.map(isPack));
      for (const name of await chosen(folder, below, TWO_DIGITS, 'folder')) {
        const objects = await samplesOf(folder, `${below}/${name}`, MAX_SMALL_BYTES, OBJECT);
        shown.push(...objects.map((one) => isObject(name, one)));
      }
    }
    return shown;
  },
};

function isStore(listing: FolderListing): boolean {
  return has(listing, 'file', 'HEAD') && has(listing, 'folder', 'objects', 'refs');
}

/** Its `.git` is its own one, and no link. */
async function isWorkingTree(folder: Buffer): Promise<boolean> {
  const path = join(folder, Buffer.from('.git'));
  try {
    if (!(await lstat(path)).isDirectory()) return false;
    return isStore(await FolderListing.of(path)) && (await isObjectStore(path));
  } catch {
    return false; // It vanished, or is closed to us: then its folder is walked, and says so.
  }
}

async function isObjectStore(folder: Buffer): Promise<boolean> {
  const head = await sample(folder, 'HEAD', MAX_SMALL_BYTES);
  if (!/^(?:ref: refs\/\S+|[0-9a-f]{40}|[0-9a-f]{64})\n?$/.test(head?.bytes.toString('latin1') ?? ''))
    return false;
  const packs = await samplesOf(folder, 'objects/pack', MAX_SAMPLED_BYTES, PACK);
  if (!packs.every((pack) => pack.is_fresh || isPack(pack))) return false;
  for (const name of await chosen(folder, 'objects', TWO_DIGITS, 'folder')) {
    const objects = await samplesOf(folder, `objects/${name}`, MAX_SMALL_BYTES, OBJECT);
    if (!objects.every((one) => one.is_fresh || isObject(name, one))) return false;
  }
  return true;
}

function isPack({ bytes, size }: Sample): boolean {
  if (bytes.toString('latin1', 0, 4) !== 'PACK') return false;
  if (bytes.length < size) return true;
  const algorithm = (length: number, name: string): boolean =>
    createHash(name).update(bytes.subarray(0, -length)).digest().equals(bytes.subarray(-length));
  return algorithm(20, 'sha1') || algorithm(32, 'sha256');
}

function isObject(folder: string, { name, bytes, size }: Sample): boolean {
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
