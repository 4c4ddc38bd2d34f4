import { lstat, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { openManagedFolder, readAtMost, Scratch, unlessMissing, writeWhole } from '../../bytes/index.ts';

const NOTE_NAME = 'scratch.path';
const MAX_PATH_BYTES = 4096;

/**
 * Makes the scratch folder of this run, and removes the one that the last run left when it was killed: it holds parts of backups.
 * Where it was is noted in the data folder, which nobody else holds meanwhile. Throws BL_SCRATCH.
 */
export async function ownScratch(dataDir: string, parent: string): Promise<Scratch> {
  const data = await openManagedFolder(dataDir, 'make');
  try {
    const note = await unlessMissing(readAtMost(data.at(NOTE_NAME), MAX_PATH_BYTES));
    if (note !== null) await removeLeftOver(note.toString().trim(), parent);
    const scratch = await Scratch.create(parent);
    await writeWhole(data, NOTE_NAME, `${scratch.path}\n`);
    return scratch;
  } finally {
    await data.close();
  }
}

/** Only what Scratch makes, where it makes it, and only if it is ours: a note is no licence to remove anything else. */
async function removeLeftOver(path: string, parent: string): Promise<void> {
  if (dirname(path) !== parent || !/^backuplens-[A-Za-z0-9]{6}$/.test(basename(path))) return;
  const stats = await unlessMissing(lstat(path));
  if (stats === null || !stats.isDirectory() || stats.uid !== process.geteuid?.()) return;
  await rm(path, { recursive: true, force: true });
}
