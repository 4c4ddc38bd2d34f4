import { open, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readAtMost, type Folder } from '../../bytes/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';

const LOCK_NAME = '.lock';
const HOLDER_NAME = 'holder.json';
const MAX_HOLDER_BYTES = 4096;
const POLL_MS = 50;
/** sqlite3.h */
const SQLITE_BUSY = 5;

const holder = z.object({ what: z.string(), pid: z.int().positive(), host: z.string(), since: z.string() });

/**
 * Folders that this process holds: closing any descriptor of a locked file would give the lock up. So would the garbage
 * collector, once nobody remembers the connection: it is kept here. null: it is being tried.
 */
const held = new Map<string, DatabaseSync | null>();

export interface DataLock {
  release(): Promise<void>;
}

/**
 * Takes the data folder for this process. It is SQLite's lock on an empty file, the one advisory lock that Node
 * offers: the kernel gives it back when the process dies, however it dies. Throws BL_STORE_LOCKED, saying who holds
 * it, when it cannot be had within `waitMs`.
 */
export async function lockData(folder: Folder, what: string, waitMs: number): Promise<DataLock> {
  const { dev, ino } = await folder.stat();
  const key = `${dev}:${ino}`;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lock = held.has(key) ? null : await attempt(folder, key);
    if (lock !== null) {
      await tellHolder(folder, what);
      return { release: async () => void (lock.close(), held.delete(key)) };
    }
    if (performance.now() >= deadline) throw await lockedBy(folder);
    await sleep(POLL_MS);
  }
}

async function attempt(folder: Folder, key: string): Promise<DatabaseSync | null> {
  held.set(key, null);
  let database: DatabaseSync | null = null;
  try {
    // Made here for its mode: others must not be able to open, and so hold, the lock.
    await (await open(folder.at(LOCK_NAME), 'a', 0o600)).close();
    database = new DatabaseSync(folder.pathOf(LOCK_NAME), { timeout: 0 });
    // Nothing is ever written, so no file for taking it back: a full disk must not keep us from the lock.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    held.set(key, database);
    return database;
  } catch (cause) {
    database?.close();
    held.delete(key);
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY) return null;
    throw new BackupLensError('BL_STORE', `cannot lock ${folder.path.toString()}: ${inWords(cause)}`, {
      cause,
    });
  }
}

/** Who holds the folder is for people; the lock itself is the kernel's. */
async function tellHolder(folder: Folder, what: string): Promise<void> {
  const text = JSON.stringify({ what, pid: process.pid, host: hostname(), since: new Date().toISOString() });
  const draft = `${HOLDER_NAME}.draft`;
  try {
    const handle = await open(folder.at(draft), 'w', 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(folder.at(draft), folder.at(HOLDER_NAME));
  } catch {
    // A full disk: others are then told less of who is at work here.
  }
}

/** Who is at work in the folder, as they said themselves; null where nobody did. */
async function holderOf(folder: Folder): Promise<z.infer<typeof holder> | null> {
  try {
    return holder.parse(JSON.parse((await readAtMost(folder.at(HOLDER_NAME), MAX_HOLDER_BYTES)).toString()));
  } catch {
    return null;
  }
}

async function lockedBy(folder: Folder): Promise<BackupLensError> {
  const by = await holderOf(folder);
  const who =
    by === null ? 'another BackupLens' : `${by.what} (pid ${by.pid} on ${by.host}, since ${by.since})`;
  return new BackupLensError('BL_STORE_LOCKED', `${who} is at work in ${folder.path.toString()}`, {
    hint: 'wait for it, stop it, or name another DATA_DIR; what only reads works beside it',
  });
}
