import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Bytes that this user may still write in a folder; of one that is not there yet, in the nearest above it. A file system
 * that does not say is full of room.
 */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    // It is not there yet: its parent's file system will hold it.
    return dirname(folder) === folder ? Infinity : freeBytes(dirname(folder));
  }
}
