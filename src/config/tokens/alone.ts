import { open, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, openManagedFolder, unlessMissing } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';

/** What is done meanwhile takes milliseconds: a lock that is older was left by somebody who is gone. */
const STALE_MS = 30_000;
const WAIT_MS = 10_000;
const POLL_MS = 20;

/** Runs `work` while nobody else changes the file at `path`; others wait. Throws BL_CONFIG when it takes too long. */
export async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const folder = await openManagedFolder(dirname(path), 'make');
  await folder.close();
  const lock = `${path}.lock`;
  const handle = await take(lock);
  try {
    return await work();
  } finally {
    await handle.close();
    await unlessMissing(unlink(lock));
  }
}

async function take(lock: string): Promise<FileHandle> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await open(lock, 'wx', 0o600);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const there = await unlessMissing(stat(lock));
    if (there !== null && Date.now() - there.mtimeMs > STALE_MS) await unlessMissing(unlink(lock));
    else if (performance.now() > deadline) {
      throw new BackupLensError('BL_CONFIG', `${lock} is there: another command changes the tokens`, {
        hint: 'try again; remove it if no other command runs',
      });
    } else await sleep(POLL_MS);
  }
}
