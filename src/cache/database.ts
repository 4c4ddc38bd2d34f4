import { open, rename, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { errorCode, openFile, unlessMissing, type Folder } from '../bytes/index.ts';

/** Tells our files from other databases: `BLVC`. */
const APPLICATION_ID = 0x424c5643;
/**
 * Of the tables below. Another number, older or newer: the file is put aside, since what it knows can be found out again; and
 * with it every entry whose meaning has changed.
 */
const SCHEMA = 1;
/** Another process of ours writes for milliseconds. What waits longer is a miss, or is not kept. */
const BUSY_MS = 250;
/** Two that start at once make it together. */
const OPENING_MS = 5000;

const TABLES = `
  CREATE TABLE entries (
    kind INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    made REAL NOT NULL,
    seal BLOB NOT NULL,
    -- Hours since 1970 in which it was last of use. Coarse: an entry is written again once an hour at most.
    used INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
  ) WITHOUT ROWID;
  CREATE INDEX entries_by_use ON entries (used);
`;

/** Of the table above: a file may say that it is of this schema, and be of none. */
const COLUMNS = 'kind key value made seal used';

/** Primary result codes of sqlite3.h: what will not be better another time. */
const DAMAGED = new Set([11, 26]);

/** Thrown for a file that is no cache of ours, or one of another schema. */
class NotOurs extends Error {}

export function isDamage(error: unknown): boolean {
  if (error instanceof NotOurs) return true;
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return DAMAGED.has(code);
}

/** sqlite.org/fileformat.html: where the application's id stands. */
const APPLICATION_ID_AT = 68;

/** It begins as a cache of ours, damaged or not. */
export async function isOurs(folder: Folder, name: string): Promise<boolean> {
  const handle = await openFile(folder, name);
  try {
    const id = Buffer.alloc(4);
    const { bytesRead } = await handle.read(id, 0, id.length, APPLICATION_ID_AT);
    return bytesRead === id.length && id.readUInt32BE() === APPLICATION_ID;
  } finally {
    await handle.close();
  }
}

/** Opens the cache, and makes it where there is none. Throws what SQLite does; `isDamage` tells what is to be put aside. */
export async function openDatabase(folder: Folder, name: string): Promise<DatabaseSync> {
  const path = folder.pathOf(name).toString();
  const found = await unlessMissing(openFile(folder, name));
  const size = found === null ? 0 : await sizeOf(found);
  if (found === null) await (await open(folder.at(name), 'a', 0o600)).close();
  const database = new DatabaseSync(path, { timeout: OPENING_MS });
  try {
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
    if (size === 0 || isEmpty(database)) make(database);
    const id = numberOf(database, 'application_id');
    const version = numberOf(database, 'user_version');
    if (id !== APPLICATION_ID || version !== SCHEMA || columnsOf(database) !== COLUMNS)
      throw new NotOurs('another file, or another schema');
    // NORMAL: a power cut may take the last entries, and leaves the others whole.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = ${BUSY_MS}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function sizeOf(handle: Awaited<ReturnType<typeof openFile>>): Promise<number> {
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new NotOurs('no file');
    return Number(stats.size);
  } finally {
    await handle.close();
  }
}

/** Another process has begun to make it. */
function isEmpty(database: DatabaseSync): boolean {
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
  return tables === 0 && numberOf(database, 'application_id') === 0;
}

function columnsOf(database: DatabaseSync): string {
  const columns = database.prepare("SELECT name FROM pragma_table_info('entries') ORDER BY cid").all();
  return columns.map(({ name }) => String(name)).join(' ');
}

/** Two processes may do so at once: the second finds it made. */
function make(database: DatabaseSync): void {
  database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL');
  database.exec('BEGIN IMMEDIATE');
  try {
    if (numberOf(database, 'user_version') === 0) {
      database.exec(TABLES);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

export function numberOf(
  database: DatabaseSync,
  pragma: 'application_id' | 'user_version' | 'page_count' | 'page_size' | 'freelist_count',
): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0);
}

/** Renames it, with its log: whoever has it open goes on with what they have. Only the last one is kept. Resolves to its new name. */
export async function putAside(folder: Folder, name: string): Promise<string> {
  const aside = `${name}.damaged`;
  for (const ending of ['-wal', '-shm', '']) {
    try {
      await rename(folder.at(`${name}${ending}`), folder.at(`${aside}${ending}`));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // Of an older one: it would be taken for this one's log.
      if (await unlessMissing(stat(folder.at(`${aside}${ending}`))))
        await rename(folder.at(`${aside}${ending}`), folder.at(`${aside}${ending}.old`));
    }
  }
  return folder.pathOf(aside).toString();
}
