import { copyFile, realpath, rename, unlink } from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Folder, openFile, openManagedFolder, unlessMissing } from '../../bytes/index.ts';
import { BackupLensError, inWords, newId } from '../../domain/index.ts';
import { backUp } from './backup.ts';
import { problemsOf } from './check.ts';
import { hasStore, openForReading, STORE_NAME } from './database.ts';
import { lockData } from './data-lock.ts';
import { noStore } from './open.ts';

/** A restored store waits under this name until it is known to be whole. */
const INCOMING_NAME = 'store.restoring';
const BESIDE = ['', '-wal', '-shm'] as const;

/** Copies the store into a new file, beside whoever uses it. Throws BL_STORE; never overwrites. */
export async function backUpStore(dataDir: string, target: string): Promise<void> {
  await reading(dataDir, async (database) => {
    let folder: Folder;
    try {
      folder = await Folder.open(await realpath(dirname(target), { encoding: 'buffer' }));
    } catch (cause) {
      throw new BackupLensError('BL_STORE', `cannot write to ${dirname(target)}: ${inWords(cause)}`, {
        cause,
      });
    }
    try {
      await backUp(database, folder, Buffer.from(basename(target)));
    } finally {
      await folder.close();
    }
  });
}

/** What SQLite finds wrong with the store; none when it is whole. Throws BL_STORE when it cannot even be opened. */
export async function checkStore(dataDir: string): Promise<readonly string[]> {
  return reading(dataDir, async (database) => problemsOf(database));
}

async function reading<T>(dataDir: string, work: (database: DatabaseSync) => Promise<T>): Promise<T> {
  const folder = await openManagedFolder(dataDir, 'null');
  try {
    if (folder === null || !(await hasStore(folder))) throw noStore(dataDir);
    const database = await openForReading(folder);
    try {
      return await work(database);
    } finally {
      database.close();
    }
  } finally {
    await folder?.close();
  }
}

/**
 * Puts a backup in the place of the store, once it is known to be whole and of a schema that is known here. What was
 * there is set aside, and its new name is the answer; null: there was nothing. Throws BL_STORE_LOCKED, BL_STORE.
 */
export async function restoreStore(dataDir: string, source: string, what: string): Promise<string | null> {
  return alone(dataDir, what, async (folder) => {
    await forget(folder);
    try {
      await copyFile(source, folder.at(INCOMING_NAME), constants.COPYFILE_EXCL);
      const handle = await openFile(folder, INCOMING_NAME);
      try {
        await handle.chmod(0o600);
        await handle.sync();
      } finally {
        await handle.close();
      }
      const database = await openForReading(folder, INCOMING_NAME);
      try {
        const [problem] = problemsOf(database);
        if (problem !== undefined) throw new BackupLensError('BL_STORE', `${source} is damaged: ${problem}`);
      } finally {
        database.close();
      }
    } catch (error) {
      await forget(folder);
      if (error instanceof BackupLensError) throw error;
      throw new BackupLensError('BL_STORE', `cannot bring ${source} back: ${inWords(error)}`, {
        cause: error,
      });
    }
    const aside = await setAside(folder);
    await rename(folder.at(INCOMING_NAME), folder.at(STORE_NAME));
    await forget(folder);
    await folder.sync();
    return aside;
  });
}

/** What looking at a backup has left beside it, and itself where it was refused. */
async function forget(folder: Folder): Promise<void> {
  for (const ending of BESIDE) await unlessMissing(unlink(folder.at(INCOMING_NAME + ending)));
}

/** Sets a store aside that cannot be used; its new name, null where there was none. Throws BL_STORE_LOCKED. */
export async function setStoreAside(dataDir: string, what: string): Promise<string | null> {
  return alone(dataDir, what, setAside);
}

async function alone<T>(dataDir: string, what: string, work: (folder: Folder) => Promise<T>): Promise<T> {
  const folder = await openManagedFolder(dataDir, 'make');
  try {
    const lock = await lockData(folder, what, 0);
    try {
      return await work(folder);
    } finally {
      await lock.release();
    }
  } finally {
    await folder.close();
  }
}

async function setAside(folder: Folder): Promise<string | null> {
  if (!(await hasStore(folder))) return null;
  const aside = `replaced-${newId(new Date())}.sqlite`;
  // The log first: a store without its log is only older, a log without its store is nothing.
  for (const ending of BESIDE.toReversed()) {
    await unlessMissing(rename(folder.at(STORE_NAME + ending), folder.at(aside + ending)));
  }
  await folder.sync();
  return aside;
}
