import { constants } from 'node:fs';
import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { unlessMissing, type Folder } from './folder.ts';

const NEW = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Opens a file that must not exist yet, for writing and reading, mode 0600. The caller closes it. */
export async function createFile(folder: Folder, name: Buffer | string): Promise<FileHandle> {
  return open(folder.at(name), NEW | constants.O_RDWR, 0o600);
}

/** Opens a file without following a link and without waiting for a FIFO's writer. The caller closes it. */
export async function openFile(folder: Folder, name: Buffer | string): Promise<FileHandle> {
  return open(folder.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** Writes all of `bytes` at `position`. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Writes a small file that is durable once this resolves, but for its folder's entry. Never overwrites. */
export async function writeDurably(folder: Folder, name: string, text: string, mode: number): Promise<void> {
  const handle = await createFile(folder, name);
  try {
    await writeAll(handle, Buffer.from(text), 0);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a small file so that it is there whole, or not at all. */
export async function writeWhole(folder: Folder, name: string, text: string): Promise<void> {
  const draft = `${name}.draft`;
  // Of one that was ended while it wrote.
  await unlessMissing(unlink(folder.at(draft)));
  await writeDurably(folder, draft, text, 0o600);
  await rename(folder.at(draft), folder.at(name));
  await folder.sync();
}
