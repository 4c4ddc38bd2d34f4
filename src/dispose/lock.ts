import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { BackupLensError, inWords } from '../domain/index.ts';
import type { Folder } from './folder.ts';

const LOCK_NAME = '.lock';
/** A large copy by another process takes its time; after this the file is left in place and reported. */
const MAX_WAIT_MS = 10 * 60_000;
const POLL_MS = 100;
/** sqlite3.h */
const SQLITE_BUSY = 5;

const inThisProcess = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while nobody else changes the folder: one at a time in this process, and one process at a time. An
 * intent that is found under the lock is therefore left over from a crash, never work in progress. Throws
 * BL_DISPOSITION when the lock cannot be had within ten minutes.
 */
export async function withLock<T>(folder: Folder, work: () => Promise<T>): Promise<T> {
  const { dev, ino } = await folder.stat();
  const key = `${dev}:${ino}`;
  const before = inThisProcess.get(key) ?? Promise.resolve();
  const mine = before.then(async () => {
    const lock = await acquire(folder);
    try {
      return await work();
    } finally {
      lock.close();
    }
  });
  const settled = mine.catch(() => undefined);
  inThisProcess.set(key, settled);
  try {
    return await mine;
  } finally {
    if (inThisProcess.get(key) === settled) inThisProcess.delete(key);
  }
}

/**
 * SQLite's lock on an empty file: the one advisory lock that Node offers. The kernel gives it back when the
 * process dies, however it dies.
 */
async function acquire(folder: Folder): Promise<{ close(): void }> {
  const path = folder.pathOf(LOCK_NAME);
  const deadline = performance.now() + MAX_WAIT_MS;
  try {
    // Made here for its mode: others must not be able to open, and so hold, the lock.
    await (await open(folder.at(LOCK_NAME), 'a', 0o600)).close();
    for (;;) {
      const database = new DatabaseSync(path, { timeout: 0 });
      try {
        // Nothing is ever written, so no file for taking it back: a full disk must not keep us from the lock.
        database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
        return database;
      } catch (error) {
        database.close();
        if (!isBusy(error) || performance.now() > deadline) throw error;
      }
      await sleep(POLL_MS);
    }
  } catch (cause) {
    const why = isBusy(cause) ? 'another BackupLens is at work there' : inWords(cause);
    throw new BackupLensError('BL_DISPOSITION', `cannot lock ${folder.path.toString()}: ${why}`, { cause });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
