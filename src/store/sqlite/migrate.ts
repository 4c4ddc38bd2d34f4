import { mkdir } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { Folder } from '../../bytes/index.ts';
import { newId } from '../../domain/index.ts';
import { backUp } from './backup.ts';
import { versionOf } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

const BACKUPS_NAME = 'backups';

export interface Migrated {
  readonly from: number;
  readonly to: number;
  /** What the store was before; null when it was new or needed nothing. */
  readonly backup: string | null;
}

/**
 * Brings the schema up to date, one transaction a step, after a backup of what is there. Throws what SQLite throws,
 * and then the store is at the last step that was finished.
 */
export async function migrate(folder: Folder, database: DatabaseSync): Promise<Migrated> {
  const from = versionOf(database);
  const to = MIGRATIONS.length;
  let backup: string | null = null;
  if (from > 0 && from < to) {
    await mkdir(folder.at(BACKUPS_NAME), { recursive: true, mode: 0o700 });
    const backups = await folder.folder(BACKUPS_NAME);
    try {
      backup = `schema-${from}-${newId(new Date())}.sqlite`;
      await backUp(database, backups, Buffer.from(backup));
    } finally {
      await backups.close();
    }
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < from) continue;
    database.exec('begin immediate');
    try {
      database.exec(`${sql}; pragma user_version = ${index + 1}`);
      database.exec('commit');
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
  }
  return { from, to, backup };
}
