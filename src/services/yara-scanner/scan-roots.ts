import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { HttpError } from '../../http/index.ts';

/** Asked for at every request, since a root may be made later; one that does not exist allows nothing. */
export async function realRoots(roots: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(roots.map((root) => realpath(root).catch(() => null)));
  return real.filter((root) => root !== null);
}

/**
 * Opens what a path really is, once its links are resolved: 403 outside of the roots whether it exists or not, 404 for
 * nothing, 400 for anything but a regular file. The handle is the caller's, and it alone is to be read: what the path
 * means may change.
 */
export async function openBelow(
  roots: readonly string[],
  path: string,
): Promise<{ readonly real: string; readonly handle: FileHandle }> {
  const inside = (candidate: string): boolean =>
    roots.some((root) => candidate === root || candidate.startsWith(root === sep ? sep : root + sep));
  const real = await realOf(path);
  if (!inside(real)) throw new HttpError(403, 'outside of what may be scanned', 'not_allowed');
  let handle: FileHandle;
  try {
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    throw new HttpError(404, 'no such file, or it cannot be read', 'not_found');
  }
  try {
    if (!(await handle.stat()).isFile()) throw new HttpError(400, 'not a regular file', 'bad_request');
    // A folder on the way may have become a link since: what was opened must lie below a root, too.
    if (!inside(await openedPath(handle, real))) {
      throw new HttpError(403, 'outside of what may be scanned', 'not_allowed');
    }
    return { real, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where the kernel says that it is; where there is no /proc, where it was asked for. */
async function openedPath(handle: FileHandle, asked: string): Promise<string> {
  return process.platform === 'linux' ? realpath(`/proc/self/fd/${handle.fd}`).catch(() => asked) : asked;
}

/** The path without links; of one that does not exist, as far as it does. */
async function realOf(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await realOf(parent), basename(absolute));
  }
}
