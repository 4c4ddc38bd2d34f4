import { mkdir, realpath } from 'node:fs/promises';
import { errorCode, join, unlessMissing, type Folder } from '../bytes/index.ts';
import { besideName } from './beside-name.ts';
import type { Places } from './places.ts';

/** Deeper ones are no backup's: what lies there goes where its path has become that long. */
const MOST_DEPTH = 256;
/** What the folder of approved files allows others, its folders do, too; never to write. */
const PERMISSIONS = 0o755;

/**
 * The folder that a file from `from` is released into: below the folder of approved files as `from` lies below the watched one, or
 * below one that was given; made where it is missing. Every step is taken from the folder before it and follows no link; where something else than a folder
 * stands, the one beside it is taken (`docs.<ending>`). Folders that were made are durable once this resolves, and stay if nothing
 * comes into them. The caller closes it, and `approved` as well.
 */
export async function placeBelow(
  approved: Folder,
  from: Buffer,
  roots: Roots,
  ending: string,
): Promise<Folder> {
  const names = await namesBelow(from, roots);
  const mode = Number((await approved.stat()).mode) & PERMISSIONS;
  let folder = approved;
  for (const name of names.slice(0, MOST_DEPTH)) {
    const outer = folder;
    try {
      folder = await folderIn(outer, name, mode, ending);
    } finally {
      if (outer !== approved) await outer.close();
    }
  }
  return folder;
}

type Roots = Pick<Places, 'incomingDir' | 'given'>;

/** None where it lies below none of them, or right in one. */
async function namesBelow(from: Buffer, { incomingDir = null, given = [] }: Roots): Promise<Buffer[]> {
  const watched =
    incomingDir === null ? null : await unlessMissing(realpath(incomingDir, { encoding: 'buffer' }));
  for (const root of [watched, ...given.map((path) => Buffer.from(path))]) {
    if (root === null) continue;
    const prefix = join(root, Buffer.alloc(0));
    // A folder that was given may be the one in which it lies.
    if (from.equals(root)) return [];
    if (!from.subarray(0, prefix.length).equals(prefix)) continue;
    const below = from.subarray(prefix.length).toString('latin1');
    return below === '' ? [] : below.split('/').map((name) => Buffer.from(name, 'latin1'));
  }
  return [];
}

async function folderIn(outer: Folder, name: Buffer, mode: number, ending: string): Promise<Folder> {
  for (const candidate of [name, besideName(name, ending)]) {
    try {
      await mkdir(outer.at(candidate), { mode: 0o700 | mode });
      await outer.sync();
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    try {
      return await outer.folder(candidate);
    } catch (error) {
      // A file or a link of that name: it is not followed, and not written over.
      if (!['ENOTDIR', 'ELOOP'].includes(errorCode(error))) throw error;
    }
  }
  throw new Error(`no folder of that name can be made in ${outer.path.toString()}`);
}
