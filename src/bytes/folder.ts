import { constants, existsSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const FOLDER = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** linux/fcntl.h: a descriptor that only stands for a place, so that no right to list the folder is needed. */
const O_PATH = 0o10000000;

/**
 * A folder held by its descriptor. Names are resolved below the descriptor (Linux: `/proc/self/fd/N/name`), so
 * that whoever renames or replaces a folder on the way cannot lead us elsewhere. Where there is no /proc, the path
 * is used. Whoever opened it closes it.
 */
export class Folder {
  /** What it was opened by, for records and messages. */
  readonly path: Buffer;
  readonly #handle: FileHandle;
  readonly #syncable: boolean;

  private constructor(path: Buffer, handle: FileHandle, syncable: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#syncable = syncable;
  }

  /** Opens a folder; a link in the last place is refused (ENOTDIR or ELOOP). Throws what `open` throws. */
  static async open(path: Buffer, opened: Buffer = path): Promise<Folder> {
    try {
      return new Folder(path, await open(opened, constants.O_RDONLY | FOLDER), true);
    } catch (error) {
      if (errorCode(error) !== 'EACCES' || !hasProc()) throw error;
      return new Folder(path, await open(opened, O_PATH | FOLDER), false);
    }
  }

  /** Opens an absolute path from the root down; a link anywhere on the way is refused (ENOTDIR or ELOOP). */
  static async walk(path: Buffer): Promise<Folder> {
    let folder = await Folder.open(Buffer.from('/'));
    for (const name of path.toString('latin1').split('/')) {
      if (name === '') continue;
      const parent: Folder = folder;
      try {
        folder = await parent.folder(Buffer.from(name, 'latin1'));
      } finally {
        await parent.close();
      }
    }
    return folder;
  }

  /** Opens a folder in this one; a link is refused. */
  async folder(name: Buffer | string): Promise<Folder> {
    return Folder.open(this.pathOf(name), this.at(name));
  }

  /** A path for `name` in this folder, good until the folder is closed. Throws RangeError for what is no entry. */
  at(name: Buffer | string): Buffer {
    const raw = Buffer.from(name);
    if (raw.length === 0 || raw.includes('/') || ['.', '..'].includes(raw.toString('latin1'))) {
      throw new RangeError('not the name of an entry');
    }
    return join(this.here(), raw);
  }

  /** A path of the folder itself, good until it is closed; for listing and statfs. */
  here(): Buffer {
    return hasProc() ? Buffer.from(`/proc/self/fd/${this.#handle.fd}`) : this.path;
  }

  /** The path of `name` for people and records. */
  pathOf(name: Buffer | string): Buffer {
    return join(this.path, Buffer.from(name));
  }

  async stat(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true });
  }

  /** Makes renames and removals in this folder durable, where the file system knows how. */
  async sync(): Promise<void> {
    if (!this.#syncable) return;
    try {
      await this.#handle.sync();
    } catch (error) {
      // Some network and FUSE file systems cannot sync a folder: nothing more can be done there.
      if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorCode(error))) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** The code of a system error (`ENOENT`); empty for anything else. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Resolves to null where there is nothing; everything else is thrown. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** `folder/name`, in bytes. */
export function join(folder: Buffer, name: Buffer): Buffer {
  const separator = folder.at(-1) === 0x2f ? '' : '/';
  return Buffer.concat([folder, Buffer.from(separator), name]);
}

/** The folder and the name of an absolute path; the name is empty where the path ends in a slash. */
export function split(path: Buffer): { readonly folder: Buffer; readonly name: Buffer } {
  const slash = path.lastIndexOf('/');
  return { folder: path.subarray(0, Math.max(1, slash)), name: path.subarray(slash + 1) };
}

/** True when the one is the other, or lies in it. Both were opened by their real path. */
export function isBelow(inner: Folder, outer: Folder): boolean {
  const prefix = join(outer.path, Buffer.alloc(0));
  return inner.path.equals(outer.path) || inner.path.subarray(0, prefix.length).equals(prefix);
}

let proc: boolean | null = null;
function hasProc(): boolean {
  proc ??= existsSync('/proc/self/fd');
  return proc;
}
