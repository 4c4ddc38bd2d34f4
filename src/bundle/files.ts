import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlessMissing, writeAll } from '../bytes/index.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Who can write to the folder could put a FIFO in a file's place: that must not make us wait. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NEW = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;

export async function createNew(path: string, mode = 0o644): Promise<FileHandle> {
  return open(path, NEW, mode);
}

/** Makes what was done in it durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The SHA-256 of a regular file; null when there is nothing, or something else. */
export async function sumOf(path: string): Promise<string | null> {
  const stats = await unlessMissing(lstat(path));
  if (stats === null || !stats.isFile()) return null;
  const handle = await open(path, READ);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Copies a file so that `to` is the whole of it or what it was before; `draft` is in the same folder. */
export async function copyWhole(from: string, to: string, draft: string): Promise<void> {
  await rm(draft, { force: true });
  const source = await open(from, READ);
  try {
    const target = await createNew(draft);
    try {
      const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      for (let position = 0; ;) {
        const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        await writeAll(target, buffer.subarray(0, bytesRead), position);
        position += bytesRead;
      }
      await target.chmod(0o644);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(draft, to);
    await syncFolder(dirname(to));
  } finally {
    await source.close();
  }
}

/** Writes a small file whole, or leaves it as it was. */
export async function writeSmall(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  const handle = await createNew(draft);
  try {
    await writeAll(handle, Buffer.from(text), 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}
