import type { FolderKind } from '../domain/index.ts';
import type { FolderListing } from './folder-listing.ts';
import { isBorg, isGit, isPostgres, isRestic } from './set-content.ts';

/** Folders whose files are worth nothing without each other. */
export type SetKind = Exclude<FolderKind, 'dropped'>;

/**
 * Which set a folder is, by what stands in it and, of a few files, by what they hold: restic's repository layout ("References",
 * Repository Layout), borg's ("Internals", data structures), what pg_basebackup(1) writes (plain, or as tars with a manifest), and
 * git's object store (gitrepository-layout(5)), bare or `.git`. What only has their names is files like any other.
 */
export async function recognisedSet(folder: Buffer, listing: FolderListing): Promise<SetKind | null> {
  const file = (name: string): boolean => listing.kindOf(name) === 'file';
  const folders = (...names: string[]): boolean => names.every((name) => listing.kindOf(name) === 'folder');
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
