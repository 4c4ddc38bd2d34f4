import { unlink } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { createFile, moveWithoutOverwriting, openFile, type Folder } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import { problemsOf } from './check.ts';
import { faultOf } from './faults.ts';

/**
 * Copies the database as it is at one moment into a new file, beside whoever writes, and checks the copy before it
 * gets its name. Never overwrites. Throws BL_STORE.
 */
export async function backUp(database: DatabaseSync, folder: Folder, name: Buffer): Promise<void> {
  const draft = Buffer.concat([name, Buffer.from('.part')]);
  const path = folder.pathOf(draft).toString();
  try {
    // Made here for its mode: there are names and hashes in it that are nobody else's business.
    await (await createFile(folder, draft)).close();
    await backup(database, path);
    const copy = new DatabaseSync(path);
    try {
      // One file is what people carry about: without a log beside it.
      copy.exec('PRAGMA journal_mode = DELETE');
      const [problem] = problemsOf(copy);
      if (problem !== undefined) throw new BackupLensError('BL_STORE', `the backup is damaged: ${problem}`);
    } finally {
      copy.close();
    }
    const handle = await openFile(folder, draft);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!(await moveWithoutOverwriting(folder, draft, folder, name))) {
      throw new BackupLensError('BL_STORE', `${folder.pathOf(name).toString()} exists already`, {
        hint: 'name another file: a backup is never written over',
      });
    }
  } catch (error) {
    throw faultOf(path, error);
  } finally {
    await unlink(folder.at(draft)).catch(() => undefined); // It may never have been made.
  }
}
