import type { FolderListing } from '../folder-listing.ts';
import type { SetFormat } from './format.ts';
import { has, isCalled } from './names.ts';
import { begin, MAX_SMALL_BYTES, sample } from './samples.ts';

/** What PostgreSQL's manual has in "Database File Layout". */
const OF_CLUSTER =
  /^(?:PG_VERSION|backup_label|backup_manifest|tablespace_map|pg_(?:hba|ident)\.conf|postgresql(?:\.auto)?\.conf)$/;
const RELATION = /^(?:pg_.*|\d+(?:_(?:fsm|vm|init))?)$/;
const BASE_TAR = /^(?:base|pg_wal|\d+)\.tar(?:\.(?:gz|lz4|zst))?$/;
/** PG_CONTROL_FILE_SIZE (catalog/pg_control.h), in bytes. */
const CONTROL_BYTES = 8192;

/** What pg_basebackup(1) writes, plain or as tars: `global/pg_control` has its fixed size, or the manifest says that it is one. */
export const postgres: SetFormat = {
  kind: 'pg_basebackup',
  own: /^(?:PG_VERSION|base|global|pg_.*|postgresql.*|backup_(?:label|manifest)(?:\.old)?|tablespace_map|current_logfiles|log|.*\.conf|(?:standby|recovery)\.signal|(?:base|pg_wal|\d+)\.tar.*)$/,

  isNamed: (listing) => isPlain(listing) || isTars(listing),

  isWhole: async (folder, listing) => {
    if (!isPlain(listing)) return hasManifest(folder);
    const version = await sample(folder, 'PG_VERSION', MAX_SMALL_BYTES);
    if (!/^\d{1,2}(?:\.\d)?\n$/.test(version?.bytes.toString('latin1') ?? '')) return false;
    return (await sample(folder, 'global/pg_control', 0))?.size === CONTROL_BYTES;
  },

  begins: async (there, entries) => {
    if (entries.some((entry) => isCalled(entry, 'file', BASE_TAR))) return true;
    if (entries.some((entry) => isCalled(entry, 'file', OF_CLUSTER))) return true;
    if (entries.some((entry) => isCalled(entry, 'folder', /^pg_/))) return true;
    if ((await there.within('global')).some((entry) => isCalled(entry, 'file', RELATION))) return true;
    const databases = await there.within('base');
    return databases.length > 0 && databases.every((entry) => isCalled(entry, 'folder', /^\d+$/));
  },

  shows: async (folder) => {
    const shown = await begin(folder, { backup_label: 'START WAL LOCATION' });
    if (await hasManifest(folder)) shown.push(true);
    const control = await sample(folder, 'global/pg_control', 0);
    if (control !== null) shown.push(control.size === CONTROL_BYTES);
    return shown;
  },
};

function isPlain(listing: FolderListing): boolean {
  return has(listing, 'file', 'PG_VERSION') && has(listing, 'folder', 'base', 'global');
}

function isTars(listing: FolderListing): boolean {
  const tars = ['base.tar', 'base.tar.gz', 'base.tar.lz4', 'base.tar.zst'];
  return has(listing, 'file', 'backup_manifest') && tars.some((name) => has(listing, 'file', name));
}

async function hasManifest(folder: Buffer): Promise<boolean> {
  const manifest = await sample(folder, 'backup_manifest', MAX_SMALL_BYTES);
  return /^\{\s*"PostgreSQL-Backup-Manifest-Version"\s*:/.test(manifest?.bytes.toString('latin1') ?? '');
}
