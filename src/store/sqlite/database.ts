import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { openFile, unlessMissing, type Folder } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { faultOf } from './faults.ts';
import { MIGRATIONS } from './migrations.ts';

export const STORE_NAME = 'store.sqlite';
/** Another process of ours checkpoints or reads for milliseconds; a stranger's hold is an error. */
const BUSY_MS = 5000;
/** Tells our files from other databases: `BLST`. */
const APPLICATION_ID = 0x424c5354;

const HEADER_BYTES = 100;
const PAGE_SIZE_AT = 16;
const PAGES_AT = 28;

/** True when there is a store; an empty file is one that a crash or a full disk kept from being made. */
export async function hasStore(folder: Folder, name = STORE_NAME): Promise<boolean> {
  const handle = await unlessMissing(openFile(folder, name));
  if (handle === null) return false;
  try {
    return (await handle.stat()).size > 0;
  } finally {
    await handle.close();
  }
}

/** Opens the store's database for writing, and makes it where there is none. The caller holds the lock. */
export async function openForWriting(folder: Folder, name = STORE_NAME): Promise<DatabaseSync> {
  const path = folder.pathOf(name).toString();
  const isNew = !(await hasStore(folder, name));
  if (isNew) await (await open(folder.at(name), 'a', 0o600)).close();
  await assertWhole(folder, name);
  return opened(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    return prepared(database, () => {
      // Before anything is written: it may be somebody else's.
      if (!isNew) assertOurs(database, path);
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF');
      if (isNew) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    });
  });
}

/** Opens it for reading, beside whoever writes. */
export async function openForReading(folder: Folder, name = STORE_NAME): Promise<DatabaseSync> {
  const path = folder.pathOf(name).toString();
  await assertWhole(folder, name);
  return opened(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_MS, readOnly: true });
    return prepared(database, () => {
      database.exec('PRAGMA trusted_schema = OFF');
      assertOurs(database, path);
    });
  });
}

/** How many migrations have been applied. */
export function versionOf(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version'] ?? 0);
}

function opened<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw faultOf(path, error);
  }
}

function prepared(database: DatabaseSync, work: () => void): DatabaseSync {
  try {
    work();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function assertOurs(database: DatabaseSync, path: string): void {
  const id = Number(database.prepare('PRAGMA application_id').get()?.['application_id'] ?? 0);
  if (id !== APPLICATION_ID) {
    throw new BackupLensError('BL_STORE', `${path} is a database, but no store of BackupLens`, {
      hint: 'set DATA_DIR to the folder of the store',
    });
  }
  const version = versionOf(database);
  if (version > MIGRATIONS.length) {
    throw new BackupLensError(
      'BL_STORE',
      `the store ${path} was made by a newer BackupLens (schema ${version}; this one knows ${MIGRATIONS.length})`,
      {
        hint: 'use that version, or bring back the backup that it made before it changed the store (DATA_DIR/backups)',
      },
    );
  }
}

/** SQLite notices a file that was cut off only when it needs what is missing. */
async function assertWhole(folder: Folder, name: string): Promise<void> {
  const handle = await openFile(folder, name);
  try {
    const { size } = await handle.stat();
    if (size === 0) return;
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
    const isDatabase = bytesRead === HEADER_BYTES && header.toString('latin1', 0, 16) === 'SQLite format 3\0';
    if (!isDatabase) throw Object.assign(new Error('no database'), { errcode: 26 });
    const stored = header.readUInt16BE(PAGE_SIZE_AT);
    const pageSize = stored === 1 ? 65_536 : stored;
    const expected = header.readUInt32BE(PAGES_AT) * pageSize;
    // A checkpoint that a full disk or a crash cut short: the log still has what the file lacks.
    if (size < expected && !(await hasStore(folder, `${name}-wal`)))
      throw Object.assign(new Error('cut short'), { errcode: 11 });
  } catch (error) {
    throw faultOf(folder.pathOf(name).toString(), error);
  } finally {
    await handle.close();
  }
}
