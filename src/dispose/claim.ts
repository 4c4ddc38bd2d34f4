import { link, lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { errorCode, unlessMissing, type Folder } from './folder.ts';

const CLAIM_PREFIX = '.backuplens-claim-';

/** What a scan saw of a file, to know it again. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
}

/** Claim folders begin with this; a walk over a folder may meet one for a moment, or after a crash. */
/** The one entry of a claim folder. */
const CLAIMED = 'file';
/** NAME_MAX of every file system in use. */
const MAX_NAME_BYTES = 255;

/** Why an entry is not the file that was scanned; null when it is. */
export function differsFrom(identity: Identity, stats: BigIntStats): string | null {
  if (stats.isSymbolicLink()) return 'changed since it was scanned: a symbolic link stands in its place';
  if (!stats.isFile()) return 'changed since it was scanned: it is no longer a regular file';
  if (stats.dev !== identity.dev || stats.ino !== identity.ino) {
    return 'changed since it was scanned: another file stands in its place';
  }
  if (stats.size !== BigInt(identity.size)) return 'changed since it was scanned: its size differs';
  return null;
}

/**
 * A private folder (0700) beside a file, so on the same file system, into which the file is renamed: what happens
 * to the name from then on is no longer our business, and what we do no longer touches the name (ATTACKS B1).
 */
export class Claim {
  readonly #parent: Folder;
  readonly #name: string;
  readonly #folder: Folder;

  private constructor(parent: Folder, name: string, folder: Folder) {
    this.#parent = parent;
    this.#name = name;
    this.#folder = folder;
  }

  static folderName(id: string): string {
    return CLAIM_PREFIX + id;
  }

  static async make(parent: Folder, id: string): Promise<Claim> {
    const name = Claim.folderName(id);
    await mkdir(parent.at(name), { mode: 0o700 });
    await parent.sync();
    return new Claim(parent, name, await parent.folder(name));
  }

  /** One that a crash left over; null when there is none. */
  static async find(parent: Folder, id: string): Promise<Claim | null> {
    const name = Claim.folderName(id);
    const folder = await unlessMissing(parent.folder(name));
    return folder === null ? null : new Claim(parent, name, folder);
  }

  /** Where the claimed file is; for messages. */
  get location(): Buffer {
    return this.#folder.pathOf(CLAIMED);
  }

  /** Where the claimed file is; for opening it. */
  get folder(): Folder {
    return this.#folder;
  }
  readonly entry = CLAIMED;

  async take(name: Buffer): Promise<void> {
    await rename(this.#parent.at(name), this.#folder.at(CLAIMED));
    await this.#folder.sync();
    await this.#parent.sync();
  }

  /** What was claimed; null when nothing is, or no longer. */
  async stat(): Promise<BigIntStats | null> {
    return unlessMissing(lstat(this.#folder.at(CLAIMED), { bigint: true }));
  }

  /**
   * Gives the claimed entry its name back, whatever it is, and resolves to the name. Where the name has been taken
   * in the meantime nothing is overwritten: it gets the id as an ending.
   */
  async putBack(name: Buffer, id: string): Promise<Buffer> {
    if (await moveWithoutOverwriting(this.#folder, CLAIMED, this.#parent, name)) return name;
    const ending = Buffer.from(`.${id}`);
    const beside = Buffer.concat([name.subarray(0, MAX_NAME_BYTES - ending.length), ending]);
    if (await moveWithoutOverwriting(this.#folder, CLAIMED, this.#parent, beside)) return beside;
    throw new Error('its name has been taken');
  }

  /** Removes the claimed file for good: only after it stands durably elsewhere. */
  async removeClaimed(): Promise<void> {
    await unlink(this.#folder.at(CLAIMED));
    await this.#folder.sync();
  }

  /** Removes the claim folder, which must be empty. */
  async remove(): Promise<void> {
    await rmdir(this.#parent.at(this.#name));
    await this.#parent.sync();
  }

  async close(): Promise<void> {
    await this.#folder.close();
  }
}

/** Moves an entry within a file system; false when the name is taken, and then everything is as it was. */
export async function moveWithoutOverwriting(
  from: Folder,
  fromName: string,
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
