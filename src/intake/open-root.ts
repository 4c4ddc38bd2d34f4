import { constants, fstatSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** A root file, opened once: every reader uses this one descriptor, so that all see the same inode. */
export interface RootFile {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

export class NotRegular extends Error {}

/**
 * Opens without following a link (it may have been swapped in since the walk) and without waiting for a FIFO's
 * writer. Throws NotRegular, and what `open` throws. The caller closes the handle. `synced`: what was stored through a
 * mapping is on disk, and shows in the times (ATTACKS A11).
 */
export async function openRoot(path: Buffer, { synced = false } = {}): Promise<RootFile> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    // At once: of an open file the kernel knows it, and a way through the thread pool costs ten times as much.
    const stats = fstatSync(handle.fd, { bigint: true });
    if (!stats.isFile()) throw new NotRegular('is no longer a regular file');
    if (!synced) return { handle, stats };
    await handle.sync();
    return { handle, stats: await handle.stat({ bigint: true }) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** True when the file behind the descriptor is not what it was when it was opened. */
export function hasChanged({ handle, stats }: RootFile): boolean {
  const now = fstatSync(handle.fd, { bigint: true });
  return now.size !== stats.size || now.mtimeNs !== stats.mtimeNs || now.ctimeNs !== stats.ctimeNs;
}
