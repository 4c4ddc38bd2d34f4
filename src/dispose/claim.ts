import { lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { moveWithoutOverwriting, unlessMissing, type Folder } from '../bytes/index.ts';
import { besideName } from './beside-name.ts';

/** Claim folders begin with this; a walk over a folder may meet one for a moment, or after a crash. */
export const CLAIM_PREFIX = '.backuplens-claim-';

/** What a scan saw of a file, to know it again. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
}

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
  /** The one entry of a claim folder keeps the file's name: should everything else be lost, it says what it is. */
  readonly entry: Buffer;

  private constructor(parent: Folder, name: string, folder: Folder, entry: Buffer) {
    this.#parent = parent;
    this.#name = name;
    this.#folder = folder;
    this.entry = entry;
  }

  static folderName(id: string): string {
    return CLAIM_PREFIX + id;
  }

  static async make(parent: Folder, id: string, entry: Buffer): Promise<Claim> {
    const name = Claim.folderName(id);
    await mkdir(parent.at(name), { mode: 0o700 });
    await parent.sync();
    return new Claim(parent, name, await parent.folder(name), entry);
  }

  /** One that a crash left over; null when there is none. */
  static async find(parent: Folder, id: string, entry: Buffer): Promise<Claim | null> {
    const name = Claim.folderName(id);
    const folder = await unlessMissing(parent.folder(name));
    return folder === null ? null : new Claim(parent, name, folder, entry);
  }

  /** Where the claimed file is; for messages. */
  get location(): Buffer {
    return this.#folder.pathOf(this.entry);
  }

  /** Where the claimed file is; for opening it. */
  get folder(): Folder {
    return this.#folder;
  }

  async take(): Promise<void> {
    await rename(this.#parent.at(this.entry), this.#folder.at(this.entry));
    await this.#folder.sync();
    await this.#parent.sync();
  }

  /** What was claimed; null when nothing is, or no longer. */
  async stat(): Promise<BigIntStats | null> {
    return unlessMissing(lstat(this.#folder.at(this.entry), { bigint: true }));
  }

  /**
   * Gives the claimed entry its name back, whatever it is, and resolves to the name. Where the name has been taken
   * in the meantime nothing is overwritten: it gets the id as an ending.
   */
  async putBack(id: string): Promise<Buffer> {
    const name = this.entry;
    if (await moveWithoutOverwriting(this.#folder, this.entry, this.#parent, name)) return name;
    const beside = besideName(name, id);
    if (await moveWithoutOverwriting(this.#folder, this.entry, this.#parent, beside)) return beside;
    throw new Error('its name has been taken');
  }

  /** Removes the claimed file for good: only after it stands durably elsewhere. */
  async removeClaimed(): Promise<void> {
    await unlink(this.#folder.at(this.entry));
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
