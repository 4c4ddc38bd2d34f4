import { lstat } from 'node:fs/promises';
import type { FolderKind } from '../domain/index.ts';
import { FolderListing } from './folder-listing.ts';
import { join } from './join-path.ts';
import { isBorg, isGit, isPostgres, isRestic } from './set-content.ts';

/** Folders whose files are worth nothing without each other. */
export type SetKind = Exclude<FolderKind, 'dropped' | 'begun'>;
export const SET_KINDS: readonly SetKind[] = ['restic', 'borg', 'git', 'pg_basebackup'];

/**
 * Which set a folder is, by what stands in it and, of a few files, by what they hold: restic's repository layout ("References",
 * Repository Layout), borg's ("Internals", data structures), what pg_basebackup(1) writes (plain, or as tars with a manifest), and
 * git's object store (gitrepository-layout(5)), bare or with the working tree that it belongs to. What only has their names is
 * files like any other.
 */
export async function recognisedSet(folder: Buffer, listing: FolderListing): Promise<SetKind | null> {
  const file = (name: string): boolean => listing.kindOf(name) === 'file';
  const folders = (...names: string[]): boolean => names.every((name) => listing.kindOf(name) === 'folder');
  if (folders('.git') && (await isGitFolder(join(folder, Buffer.from('.git'))))) return 'git';
  if (file('config') && folders('data', 'index', 'keys', 'snapshots')) {
    return (await isRestic(folder)) ? 'restic' : null;
  }
  if (file('config') && file('README') && folders('data')) return (await isBorg(folder)) ? 'borg' : null;
  if (file('HEAD') && folders('objects', 'refs')) return (await isGit(folder)) ? 'git' : null;
  if (file('PG_VERSION') && folders('base', 'global')) {
    return (await isPostgres(folder, 'plain')) ? 'pg_basebackup' : null;
  }
  const tars = ['base.tar', 'base.tar.gz', 'base.tar.lz4', 'base.tar.zst'];
  if (!file('backup_manifest') || !tars.some(file)) return null;
  return (await isPostgres(folder, 'tars')) ? 'pg_basebackup' : null;
}

/** Of a working tree: its own one. */
async function isGitFolder(path: Buffer): Promise<boolean> {
  try {
    if (!(await lstat(path)).isDirectory()) return false;
    const listing = await FolderListing.of(path);
    const [head, ...rest] = ['HEAD', 'objects', 'refs'].map((name) => listing.kindOf(name));
    return head === 'file' && rest.every((kind) => kind === 'folder') && (await isGit(path));
  } catch {
    return false; // It vanished, or is closed to us: then its folder is walked, and says so.
  }
}
