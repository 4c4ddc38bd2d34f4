import { constants, type BigIntStats } from 'node:fs';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BackupLensError, inWords } from '../domain/index.ts';
import { Folder, unlessMissing } from './folder.ts';

const WRITABLE_BY_OTHERS = BigInt(constants.S_IWGRP | constants.S_IWOTH);

/**
 * Opens a folder that only we may change: the quarantine or the review folder. Throws BL_CONFIG when it is a link,
 * no folder, or writable by others: whoever can write there could swap what a person later approves or restores.
 * Null when it is missing, unless it is to be made (0700).
 */
export async function openManagedFolder(given: string, missing: 'make'): Promise<Folder>;
export async function openManagedFolder(given: string, missing: 'null'): Promise<Folder | null>;
export async function openManagedFolder(given: string, missing: 'make' | 'null'): Promise<Folder | null> {
  // resolve() also takes a slash off the end, behind which lstat would follow a link.
  const path = resolve(given);
  try {
    if (missing === 'make') await mkdir(path, { recursive: true, mode: 0o700 });
    const stats = await unlessMissing(lstat(path, { bigint: true }));
    if (stats === null) return null;
    refuse(path, stats);
    const folder = await Folder.open(await realpath(path, { encoding: 'buffer' }));
    try {
      refuse(path, await folder.stat());
    } catch (error) {
      await folder.close();
      throw error;
    }
    return folder;
  } catch (cause) {
    if (cause instanceof BackupLensError) throw cause;
    throw new BackupLensError('BL_CONFIG', `cannot use the folder ${path}: ${inWords(cause)}`, {
      hint: 'give another folder, or make this one usable: it must be yours alone (mode 0700)',
      cause,
    });
  }
}

function refuse(path: string, stats: BigIntStats): void {
  if (stats.isSymbolicLink()) {
    throw new BackupLensError('BL_CONFIG', `${path} is a symbolic link`, {
      hint: 'give the folder that it leads to: a link could be turned to somewhere else',
    });
  }
  if (!stats.isDirectory()) throw new BackupLensError('BL_CONFIG', `${path} is not a folder`);
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0n) {
    throw new BackupLensError('BL_CONFIG', `${path} can be changed by others`, {
      hint: `run: chmod go-w ${quoted(path)}`,
    });
  }
}

/** For a POSIX shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
