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
/** Of one name: one for each run that was ended in between. */
const MAX_CONTENTS = 8;
const MAX_NOTE_BYTES = 1024 * 1024;
/** The same database in its two forms; clamd must not find the old one beside the new one. */
const TWINS: Readonly<Record<string, string>> = { cvd: 'cld', cld: 'cvd' };

/** Of each name the contents (SHA-256) that are ours: while they are being placed, those of before and those of now. */
const note = z.object({ files: z.record(z.string(), z.array(z.string())) });

/**
 * Makes the folder that clamd reads hold the databases of `release` (null: what was there before the first bundle), beside whatever
 * else is in it, and what gave way to earlier bundles and does not to this one. Each file is the whole old one or the whole new one at every moment, and doing it again comes to the same end:
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
  const isOurs = (name: string, sum: string): boolean => ours[name]?.includes(sum) ?? false;
  // First of all: what a run that is ended has placed must not be taken for somebody else's by the next.
  const both = new Map(Object.entries(ours));
  for (const [name, sum] of Object.entries(sums))
    both.set(name, [...(ours[name] ?? []).slice(-MAX_CONTENTS), sum]);
  await writeNote(folder, Object.fromEntries(both));
  for (const [name, sum] of Object.entries(sums)) {
    const at = join(folder, name);
    const before = await sumOf(at);
    if (before !== sum) {
      if (before !== null && !isOurs(name, before) && release !== null) {
        await keepAside(at, keep);
        kept.push(name);
      }
      await copyWhole(join(source, name), at, join(folder, `.${name}.draft`));
      placed.push(name);
    }
    const twin = twinOf(name);
    const old = twin === null ? null : await sumOf(join(folder, twin));
    if (twin === null || old === null || sums[twin] !== undefined) continue;
    if (!isOurs(twin, old)) {
      await keepAside(join(folder, twin), keep);
      kept.push(twin);
    } else removed.push(twin);
    await rm(join(folder, twin));
  }
  // What gave way to an earlier bundle, and is not in the way of this one.
  const back = release === null ? [] : ((await unlessMissing(readdir(keep))) ?? []);
  for (const name of back.filter((one) => !one.startsWith('.')).toSorted()) {
    if (sums[name] !== undefined || sums[twinOf(name) ?? name] !== undefined) continue;
    const now = await sumOf(join(folder, name));
    if (now !== null && !isOurs(name, now)) continue;
    await copyWhole(join(keep, name), join(folder, name), join(folder, `.${name}.draft`));
    placed.push(name);
  }
  for (const name of Object.keys(ours)) {
    // A note is no licence to remove anything but databases of this folder.
    if (sums[name] !== undefined || basename(name) !== name || name.startsWith('.') || removed.includes(name))
      continue;
    if (placed.includes(name)) continue;
    if ((await sumOf(join(folder, name))) === null) continue;
    await rm(join(folder, name));
    removed.push(name);
  }
  if (release === null) await rm(join(folder, NOTE), { force: true });
  else {
    const placedNow = Object.entries(sums).map(([name, sum]) => [name, [sum]] as const);
    await writeNote(folder, Object.fromEntries(placedNow));
  }
  await syncFolder(folder);
  return { placed, removed, kept };
}

async function writeNote(folder: string, files: Readonly<Record<string, readonly string[]>>): Promise<void> {
  await writeSmall(join(folder, NOTE), `${JSON.stringify({ files })}\n`);
}

function twinOf(name: string): string | null {
  const [, base, ending] = /^(.+)\.(c[vl]d)$/.exec(name) ?? [];
  const twin = TWINS[ending ?? ''];
  return twin === undefined ? null : `${base}.${twin}`;
}

/** The first one that was there stays. */
async function keepAside(path: string, keep: string): Promise<void> {
  const to = join(keep, basename(path));
  if ((await sumOf(to)) !== null) return;
  await copyWhole(path, to, join(keep, `.${basename(path)}.draft`));
}

async function noteOf(folder: string): Promise<Readonly<Record<string, readonly string[]>>> {
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
