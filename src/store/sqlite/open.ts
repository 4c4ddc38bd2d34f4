import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { openManagedFolder, type Folder } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { write, type Context } from '../sql/context.ts';
import { append } from '../sql/journal.ts';
import { put, setting } from '../sql/settings.ts';
import { SqlStore } from '../sql/sql-store.ts';
import type { Tables } from '../sql/tables.ts';
import type { Store } from '../store.ts';
import { hasStore, openForReading, openForWriting, STORE_NAME } from './database.ts';
import { lockData, type DataLock } from './data-lock.ts';
import { NodeSqliteDialect } from './dialect.ts';
import { faultOf } from './faults.ts';
import { assertLocal, fileSystemType, type FileSystemType } from './file-system.ts';
import { migrate, type Migrated } from './migrate.ts';

export interface OpenOptions {
  readonly dataDir: string;
  /** For the journal: the operating system's user, or the service. */
  readonly who: string;
  /** For whoever finds the folder taken: `backuplens-pipeline`, `backuplens quarantine restore`. */
  readonly what: string;
  /** How long to wait for another one that holds the folder. */
  readonly waitMs: number;
  /**
   * What a store must know of: containers, held files, claims; null when there are none. A new store is not begun
   * beside them (ATTACKS B6).
   */
  readonly leftOver: () => Promise<string | null>;
  readonly now?: () => Date;
  readonly monotonicMs?: () => number;
  readonly fileSystemType?: FileSystemType;
}

/**
 * Opens the store in a data folder for whoever changes it, and makes it where there is none; the folder is theirs
 * until it is closed. Throws BL_STORE_LOCKED while another one holds it, BL_STORE where it cannot be used as it is,
 * BL_CONFIG for a folder that others could change.
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  const folder = await openManagedFolder(options.dataDir, 'make');
  let lock: DataLock | null = null;
  let database: DatabaseSync | null = null;
  try {
    await assertLocal(folder, options.fileSystemType ?? fileSystemType);
    lock = await lockData(folder, options.what, options.waitMs);
    if (!(await hasStore(folder))) await assertNothingLeftOver(folder, options.leftOver);
    database = await openForWriting(folder);
    const migrated = await migrate(folder, database);
    const context = contextOf(database, folder, options);
    await begin(context, migrated);
    const held = lock;
    return new SqlStore(context, async () => {
      await held.release();
      await folder.close();
    });
  } catch (error) {
    if (database?.isOpen === true) database.close();
    await lock?.release();
    const fault = faultOf(folder.pathOf(STORE_NAME).toString(), error);
    await folder.close();
    throw fault;
  }
}

/** Opens the store for reading, beside whoever holds the folder. Throws BL_STORE where there is none. */
export async function openStoreForReading(
  options: Pick<OpenOptions, 'dataDir' | 'fileSystemType'>,
): Promise<Store> {
  const folder = await openManagedFolder(options.dataDir, 'null');
  if (folder === null || !(await hasStore(folder))) {
    await folder?.close();
    throw noStore(options.dataDir);
  }
  try {
    await assertLocal(folder, options.fileSystemType ?? fileSystemType);
    const database = await openForReading(folder);
    const context = contextOf(database, folder, { who: '' });
    return new SqlStore(context, async () => folder.close());
  } catch (error) {
    const fault = faultOf(folder.pathOf(STORE_NAME).toString(), error);
    await folder.close();
    throw fault;
  }
}

export function noStore(dataDir: string): BackupLensError {
  return new BackupLensError('BL_STORE', `there is no store in ${dataDir}`, {
    hint: 'set DATA_DIR to where the service or `scan --apply` keeps it; the first `scan --apply` makes it',
  });
}

async function assertNothingLeftOver(folder: Folder, leftOver: () => Promise<string | null>): Promise<void> {
  const what = await leftOver();
  if (what === null) return;
  throw new BackupLensError(
    'BL_STORE',
    `there is no store in ${folder.path.toString()}, but there is ${what}`,
    {
      hint: 'set DATA_DIR to where the store is, or bring a backup back (`backuplens store restore FILE`), or make a new one from what is there (`backuplens store rebuild`)',
    },
  );
}

function contextOf(
  database: DatabaseSync,
  folder: Folder,
  { who, now, monotonicMs }: Pick<OpenOptions, 'who' | 'now' | 'monotonicMs'>,
): Context {
  const path = folder.pathOf(STORE_NAME).toString();
  return {
    db: new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) }),
    who,
    session: randomUUID(),
    now: now ?? (() => new Date()),
    monotonicMs: monotonicMs ?? (() => performance.now()),
    faultOf: (error) => faultOf(path, error),
  };
}

/** A new store gets its name; what the last process had under way waits to be taken up again. */
async function begin(context: Context, { from, to, backup }: Migrated): Promise<void> {
  const time = context.now().toISOString();
  const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
  await write(context, async (trx) => {
    if ((await setting(trx, 'instance_id')) === null) {
      await put(trx, 'instance_id', randomUUID());
      await append(trx, { action: 'store_made', time, who: context.who, ...nothing, detail: `schema ${to}` });
    } else if (from < to) {
      const detail = `from schema ${from} to ${to}; before: backups/${backup ?? ''}`;
      await append(trx, { action: 'store_migrated', time, who: context.who, ...nothing, detail });
    }
    await trx
      .updateTable('files')
      .set({ state: 'waiting', suspect: 1, session: null, lease: null, lease_until: null, changed_at: time })
      .where('state', '=', 'scanning')
      .execute();
  });
}
