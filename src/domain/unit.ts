/**
 * What is decided as one: a file; the volumes of one archive; a folder whose files are worth nothing without each other; with
 * DISPOSITION_UNIT=folder, a folder that was dropped. `begun`: what is there of such a folder, whose marks have not come or are gone.
 */
export const UNIT_KINDS = [
  'file',
  'volumes',
  'restic',
  'borg',
  'pg_basebackup',
  'git',
  'kopia',
  'duplicity',
  'proxmox',
  'begun',
  'dropped',
] as const;
export type UnitKind = (typeof UNIT_KINDS)[number];
export type FolderKind = Exclude<UnitKind, 'file' | 'volumes'>;
