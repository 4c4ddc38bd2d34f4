import { Buffer } from 'node:buffer';
import type { FolderListing } from './folder-listing.ts';
import { join } from './join-path.ts';
import { openRoot } from './open-root.ts';

/** Folders whose files are worth nothing without each other. */
export type SetKind = 'restic' | 'borg' | 'pg_basebackup' | 'git';

/** Borg's config is an INI file that begins with this section (borg: "Internals", data structures). */
const BORG_SECTION = '[repository]';

/**
 * Which set a folder is, by what stands in it: restic's repository layout ("References", Repository Layout), borg's, what
 * pg_basebackup(1) writes (plain, or as tars with a manifest), and git's object store (gitrepository-layout(5)), bare or `.git`.
 */
export async function recognisedSet(folder: Buffer, listing: FolderListing): Promise<SetKind | null> {
  const file = (name: string): boolean => listing.kindOf(name) === 'file';
  const folders = (...names: string[]): boolean => names.every((name) => listing.kindOf(name) === 'folder');
  if (file('config') && folders('data', 'index', 'keys', 'snapshots')) return 'restic';
  if (
    file('config') &&
    folders('data') &&
    (await beginsWith(join(folder, Buffer.from('config')), BORG_SECTION))
  ) {
    return 'borg';
  }
  if (file('HEAD') && folders('objects', 'refs')) return 'git';
  if (file('PG_VERSION') && folders('base', 'global')) return 'pg_basebackup';
  const tars = ['base.tar', 'base.tar.gz', 'base.tar.lz4', 'base.tar.zst'];
  return file('backup_manifest') && tars.some(file) ? 'pg_basebackup' : null;
}

/** What cannot be read begins with nothing: it is then files like any other. */
async function beginsWith(path: Buffer, text: string): Promise<boolean> {
  try {
    const { handle } = await openRoot(path);
    try {
      const head = Buffer.alloc(text.length);
      await handle.read(head, 0, head.length, 0);
      return head.toString('latin1') === text;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}
