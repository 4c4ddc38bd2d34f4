import { chmod, mkdtemp, open, rm, statfs, type FileHandle } from 'node:fs/promises';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BackupLensError } from '../domain/index.ts';
import { removeAbandoned, removeIfEmpty, sayOwner } from './scratch-owner.ts';

/** What is always left free on the scratch file system: filling it up would hurt others. */
const RESERVED_BYTES = 64 * 1024 * 1024;

/** Its paths are short. */
const SOCKETS = '/tmp';

/** A file in the scratch folder. Its path is made of a number only, never of a member's name. */
export interface ScratchFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Closes and deletes; may be called again. */
  remove(): Promise<void>;
}

/** The one owner of everything that is written while unpacking: a private folder (0700) with numbered files. */
export class Scratch {
  readonly path: string;
  #next = 0;
  readonly #open = new Set<ScratchFile>();

  /** Files made in it so far. */
  get made(): number {
    return this.#next;
  }

  readonly #onExit = (): void => rmSync(this.path, { recursive: true, force: true });

  private constructor(path: string) {
    this.path = path;
  }

  /** Removed even when the process is made to end before it could do so itself. */
  static #owned(path: string): Scratch {
    const scratch = new Scratch(path);
    process.once('exit', scratch.#onExit);
    sayOwner(path);
    return scratch;
  }

  /** Makes `parent/backuplens-XXXXXX`. Throws BL_SCRATCH. */
  static async create(parent: string): Promise<Scratch> {
    try {
      const path = await mkdtemp(join(parent, 'backuplens-'));
      await chmod(path, 0o700);
      return Scratch.#owned(path);
    } catch (cause) {
      throw new BackupLensError('BL_SCRATCH', `cannot make a scratch folder in ${parent}`, {
        hint: 'set TMPDIR to a folder that you can write and that has free space',
        cause,
      });
    }
  }

  /** Removes what runs that were killed have left there, and among the folders for sockets. Never throws. */
  static async removeAbandoned(parent: string): Promise<number> {
    const removed = await removeAbandoned(parent);
    return parent === SOCKETS ? removed : removed + (await removeAbandoned(SOCKETS));
  }

  /** A short private folder for sockets: a path over 107 bytes would be cut short silently. */
  static createForSockets(): Scratch {
    return Scratch.#owned(mkdtempSync(`${SOCKETS}/backuplens-`));
  }

  /** Removes the folder of a scratch whose process is gone, unless anything is in it. Never throws. */
  static async removeIfEmpty(path: string): Promise<void> {
    return removeIfEmpty(path);
  }

  /** Another process's part of a scratch folder: made by the parent, owned by the one who adopts it. */
  static adopt(path: string): Scratch {
    return new Scratch(path);
  }

  /** A folder below, for a child process. Removed together with this scratch. */
  subfolderSync(name: `worker-${number}` | 'hash-sets'): string {
    const path = join(this.path, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  async file(): Promise<ScratchFile> {
    const path = join(this.path, String(this.#next++));
    const handle = await open(path, 'wx+', 0o600);
    const file: ScratchFile = {
      path,
      handle,
      remove: async () => {
        if (!this.#open.delete(file)) return;
        await handle.close();
        await rm(path, { force: true });
      },
    };
    this.#open.add(file);
    return file;
  }

  /** Bytes that may still be written here, the reserve left out. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return Math.max(0, bavail * bsize - RESERVED_BYTES);
  }

  /** Removes the folder and everything in it. */
  async remove(): Promise<void> {
    for (const file of this.#open) await file.remove();
    await rm(this.path, { recursive: true, force: true });
    process.off('exit', this.#onExit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}
