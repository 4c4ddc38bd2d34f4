import { link, lstat, rename, unlink } from 'node:fs/promises';
import { errorCode, unlessMissing, type Folder } from './folder.ts';

/** Moves an entry within a file system; false when the name is taken, and then everything is as it was. */
export async function moveWithoutOverwriting(
  from: Folder,
  fromName: Buffer | string,
  to: Folder,
  toName: Buffer,
): Promise<boolean> {
  const moved = await lstat(from.at(fromName), { bigint: true });
  if (moved.isDirectory() || !(await linked(from.at(fromName), to.at(toName)))) {
    const there = await unlessMissing(lstat(to.at(toName), { bigint: true }));
    if (there === null) {
      // Node has no renameat2(RENAME_NOREPLACE): for what cannot be linked (folders, others' files under
      // protected_hardlinks, FAT) a name that is taken in just this moment would be replaced.
      await rename(from.at(fromName), to.at(toName));
    } else if (there.isDirectory() || there.dev !== moved.dev || there.ino !== moved.ino) {
      return false;
    } else {
      // Both names are this file's: an earlier attempt was ended between link and unlink.
      await unlink(from.at(fromName));
    }
  } else {
    await unlink(from.at(fromName));
  }
  await to.sync();
  await from.sync();
  return true;
}

/** link() never overwrites and does not follow links; false where it cannot be had, or the name is taken. */
async function linked(from: Buffer, to: Buffer): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const refusals = ['EEXIST', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];
    if (refusals.includes(errorCode(error))) return false;
    throw error;
  }
}
