import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { readAtMost, unlessMissing } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { copyWhole, sumOf, syncFolder, writeSmall } from './files.ts';

/** What was done in the folder that clamd reads. */
export interface PlacedDatabases {
  readonly placed: readonly string[];
  /** Of an earlier bundle. */
  readonly removed: readonly string[];
  /** They were somebody else's, and are kept in `replaced` of the bundles' folder. */
  readonly kept: readonly string[];
}

/** clamd reads no file with such a name. */
const NOTE = '.backuplens-bundle.json';
const MAX_NOTE_BYTES = 1024 * 1024;
/** The same database in its two forms; clamd must not find the old one beside the new one. */
const TWINS: Readonly<Record<string, string>> = { cvd: 'cld', cld: 'cvd' };

const note = z.object({ files: z.record(z.string(), z.string()) });

/**
 * Makes the folder that clamd reads hold the databases of `release` (null: what was there before the first bundle), beside whatever
 * else is in it. Each file is the whole old one or the whole new one at every moment, and doing it again comes to the same end:
 * after a crash it is done again. What was somebody else's moves to `keep`. Throws BL_OUTPUT.
 */
export async function placeDatabases(
  release: string | null,
  folder: string,
  keep: string,
): Promise<PlacedDatabases> {
  try {
    return await place(release, folder, keep);
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `CLAMAV_DB_DIR ${folder} cannot be written: ${inWords(cause)}`, {
      hint: 'its databases may be those of two bundles: make it writable, and import the bundle once more',
      cause,
    });
  }
}

async function place(release: string | null, folder: string, keep: string): Promise<PlacedDatabases> {
  const ours = await noteOf(folder);
  const source = release ?? keep;
  const wanted = (await unlessMissing(readdir(source))) ?? [];
  const names = wanted.filter((name) => !name.startsWith('.')).toSorted();
  const placed: string[] = [];
  const removed: string[] = [];
  const kept: string[] = [];
  await mkdir(keep, { recursive: true, mode: 0o700 });

  const sums: Record<string, string> = {};
  for (const name of names) {
    const sum = await sumOf(join(source, name));
    if (sum === null) continue;
    sums[name] = sum;
  }
  for (const [name, sum] of Object.entries(sums)) {
    const at = join(folder, name);
    const before = await sumOf(at);
    if (before !== sum) {
      // The note says ours only of the content that we placed: after a crash in between, what is not known is kept.
      if (before !== null && ours[name] !== before && release !== null) {
        await keepAside(at, keep);
        kept.push(name);
      }
      await copyWhole(join(source, name), at, join(folder, `.${name}.draft`));
      placed.push(name);
    }
    const twin = twinOf(name);
    if (twin === null || sums[twin] !== undefined || (await sumOf(join(folder, twin))) === null) continue;
    if (ours[twin] !== (await sumOf(join(folder, twin)))) {
      await keepAside(join(folder, twin), keep);
      kept.push(twin);
    } else {
      await rm(join(folder, twin));
      removed.push(twin);
    }
  }
  for (const name of Object.keys(ours)) {
    // A note is no licence to remove anything but databases of this folder.
    if (sums[name] !== undefined || basename(name) !== name || name.startsWith('.') || removed.includes(name))
      continue;
    if ((await sumOf(join(folder, name))) === null) continue;
    await rm(join(folder, name));
    removed.push(name);
  }
  if (release === null) await rm(join(folder, NOTE), { force: true });
  else await writeSmall(join(folder, NOTE), `${JSON.stringify({ files: sums })}\n`);
  await syncFolder(folder);
  return { placed, removed, kept };
}

function twinOf(name: string): string | null {
  const [, base, ending] = /^(.+)\.(c[vl]d)$/.exec(name) ?? [];
  const twin = TWINS[ending ?? ''];
  return twin === undefined ? null : `${base}.${twin}`;
}

/** The first one that was there stays. */
async function keepAside(path: string, keep: string): Promise<void> {
  const to = join(keep, basename(path));
  if ((await sumOf(to)) !== null) {
    await rm(path);
    return;
  }
  await copyWhole(path, to, join(keep, `.${basename(path)}.draft`));
  await rm(path);
}

async function noteOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const bytes = await unlessMissing(readAtMost(join(folder, NOTE), MAX_NOTE_BYTES));
  if (bytes === null) return {};
  try {
    return note.parse(JSON.parse(bytes.toString('utf8'))).files;
  } catch {
    // Damaged: then nothing there is known to be ours, and all of it is kept.
    await rename(join(folder, NOTE), join(folder, `${NOTE}.damaged`));
    return {};
  }
}
