import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The first of these folders with less free space than that; null when there is none. A file system that does not say is full of room. */
export async function shortOfSpace(folders: readonly string[], minFree: number): Promise<string | null> {
  for (const folder of folders) if ((await freeBytes(folder)) < minFree) return folder;
  return null;
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    // It is not there yet: its parent's file system will hold it.
    return dirname(folder) === folder ? Infinity : freeBytes(dirname(folder));
  }
}
