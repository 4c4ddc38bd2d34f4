import { basename } from 'node:path';
import type { FolderListing } from './folder-listing.ts';
import { FIRST, isOwn, Look, SET_FORMATS, type SetKind } from './sets/index.ts';

export const SET_KINDS: readonly SetKind[] = SET_FORMATS.map(({ kind }) => kind);

/** Something in it is called like what a set is recognised by. */
export function mayBeSet(listing: FolderListing): boolean {
  return SET_FORMATS.some((format) => format.isNamed(listing));
}

/**
 * Which set a folder is, by what stands in it and, of a few files, by what they hold. What only has the names is files like any
 * other.
 */
export async function recognisedSet(folder: Buffer, listing: FolderListing): Promise<SetKind | null> {
  for (const format of SET_FORMATS) {
    if (format.isNamed(listing) && (await format.isWhole(folder, listing))) return format.kind;
  }
  return null;
}

/** Which set may be arriving in a folder that is none yet; null: nothing in it looks like that. */
export async function beginningOf(folder: Buffer, listing: FolderListing): Promise<SetKind | null> {
  const there = new Look(folder, listing);
  // A working tree holds whatever its owner likes; its `.git` says what it is.
  if (there.is('.git', 'folder') && (await there.within('.git')).length > 0) return 'git';
  const [first] = listing.first(1);
  if (first === undefined) return null;
  const name = basename(folder.toString('latin1'));
  if (name === '.git') return 'git';
  // Of nearly every folder the first name tells that it is none.
  const formats = SET_FORMATS.filter((format) => isOwn(format, first));
  const entries = formats.length === 0 ? [] : listing.first(FIRST);
  for (const format of formats) {
    if (!entries.every((entry) => isOwn(format, entry))) continue;
    if (await format.begins(there, entries, name)) return format.kind;
  }
  return null;
}

/**
 * Whether what stands in the beginning of a set is genuine, by a few of its files: at least one of them shows what it belongs to,
 * and none shows the contrary. To be asked when it rests: nothing in it is still being written.
 */
export async function isGenuine(folder: Buffer, kind: SetKind): Promise<boolean> {
  const format = SET_FORMATS.find((one) => one.kind === kind);
  const shown = (await format?.shows(folder)) ?? [];
  return shown.length > 0 && shown.every((one) => one);
}
