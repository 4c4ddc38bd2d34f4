import { freeBytes } from '../../bytes/index.ts';

/** The first of these folders with less free space than that; null when there is none. */
export async function shortOfSpace(folders: readonly string[], minFree: number): Promise<string | null> {
  for (const folder of folders) if ((await freeBytes(folder)) < minFree) return folder;
  return null;
}
