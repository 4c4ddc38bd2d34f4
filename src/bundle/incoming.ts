import { mkdir, readdir, rm, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAll } from '../bytes/index.ts';
import { BackupLensError } from '../domain/index.ts';
import { createNew, syncFolder } from './files.ts';
import type { BundledFile } from './manifest.ts';
import type { BundleHead, BundleSink, FileSink } from './read-bundle.ts';

export interface Admission {
  /** Told of the verified beginning before anything is written; what it throws ends the reading. */
  readonly admit: (head: BundleHead) => Promise<void> | void;
  /** Verified like the others, and not written. */
  readonly skip: (file: BundledFile) => boolean;
}

/** What is always left free beside the files of a bundle. */
const RESERVED_BYTES = 64 * 1024 * 1024;

const NOWHERE: FileSink = { write: () => undefined, end: () => undefined, abort: () => undefined };

/**
 * A release that is being received into a folder of its own. Its paths are those of a verified manifest: manifest.ts says what they
 * can be. Nothing uses the folder before it gets its name.
 */
export class Incoming implements BundleSink {
  readonly path: string;
  readonly #admission: Admission;
  #head: BundleHead | null = null;

  constructor(path: string, admission: Admission) {
    this.path = path;
    this.#admission = admission;
  }

  get received(): BundleHead {
    if (this.#head === null) throw new Error('nothing was received');
    return this.#head;
  }

  async head(head: BundleHead): Promise<void> {
    await this.#admission.admit(head);
    const needed = head.manifest.files.reduce((sum, { size }) => sum + size, 0);
    const { bavail, bsize } = await statfs(this.path);
    if (needed + RESERVED_BYTES > bavail * bsize) {
      throw new BackupLensError(
        'BL_OUTPUT',
        `its files take ${needed} bytes, and ${bavail * bsize} are free here`,
      );
    }
    this.#head = head;
    await write(join(this.path, 'manifest.json'), head.manifestBytes);
    await write(join(this.path, 'manifest.sig'), head.signatureBytes);
  }

  async file(file: BundledFile): Promise<FileSink> {
    if (this.#admission.skip(file)) return NOWHERE;
    const path = join(this.path, file.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    return new FileWriter(await createNew(path));
  }

  /** Everything that was received is durable. */
  async sync(): Promise<void> {
    for (const { name, parentPath } of await readdir(this.path, {
      recursive: true,
      withFileTypes: true,
    }).then((entries) => entries.filter((entry) => entry.isDirectory()))) {
      await syncFolder(join(parentPath, name));
    }
    await syncFolder(this.path);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

async function write(path: string, bytes: Buffer): Promise<void> {
  const file = new FileWriter(await createNew(path));
  await file.write(bytes);
  await file.end();
}

class FileWriter implements FileSink {
  readonly #handle: FileHandle;
  #end = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(chunk: Buffer): Promise<void> {
    await writeAll(this.#handle, chunk, this.#end);
    this.#end += chunk.length;
  }

  async end(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
  }

  async abort(): Promise<void> {
    await this.#handle.close();
  }
}
