import { constants, type BigIntStats } from 'node:fs';
import { copyFile, link, lstat, rm, type FileHandle } from 'node:fs/promises';
import {
  createFile,
  errorCode,
  FileSource,
  moveWithoutOverwriting,
  openFile,
  unlessMissing,
  type Folder,
} from '../bytes/index.ts';
import type { KeptFacts } from '../domain/index.ts';
import { writeXattrs } from './extended-attributes.ts';
import { hashFile } from './hash-file.ts';
import { writeContent } from './seal.ts';

/** setuid, setgid and sticky only come back when they are asked for. */
const PERMISSIONS = 0o777;
const PRIVILEGED = 0o7777;
const NANOSECONDS = 1e9;

/** Beside the place where it is to be, so that it gets its name whole or not at all. */
export function draftName(id: string): string {
  return `.backuplens-draft-${id}`;
}

/**
 * Copies to a new inode that nobody else has open, by sharing blocks where the file system can; resolves to the
 * SHA-256 of what the new inode holds.
 */
export async function copyToDraft(
  source: FileHandle,
  { size }: Pick<BigIntStats, 'size'>,
  sparse: boolean,
  folder: Folder,
  draft: string,
): Promise<string> {
  if (await cloned(source, folder, draft)) return hashFile(folder, draft);
  const target = await createFile(folder, draft);
  try {
    return await writeContent(new FileSource(source, Number(size)).stream(), target, sparse);
  } finally {
    await target.close();
  }
}

/** True when the blocks are shared now (btrfs, XFS, bcachefs …): by descriptor, so it is the file that was opened. */
async function cloned(source: FileHandle, folder: Folder, draft: string): Promise<boolean> {
  const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE;
  try {
    await copyFile(`/proc/self/fd/${source.fd}`, folder.at(draft), mode);
    return true;
  } catch {
    // Another file system, one that cannot, no /proc: whatever it was, copying the bytes says it again or works.
    await rm(folder.at(draft), { force: true });
    return false;
  }
}

/** What the file was besides its bytes: owner (as root), permissions, times. Durable once this resolves. */
export async function dress(
  folder: Folder,
  draft: string,
  facts: KeptFacts,
  { withPrivileges }: { readonly withPrivileges: boolean },
): Promise<void> {
  const handle = await openFile(folder, draft);
  try {
    // The owner first: a change of owner takes permissions away.
    if (process.geteuid?.() === 0) await giveTo(handle, facts);
    // Before the permissions, which may keep us from writing them.
    await writeXattrs(handle, facts.xattrs ?? [], withPrivileges);
    await handle.chmod(Number.parseInt(facts.mode, 8) & (withPrivileges ? PRIVILEGED : PERMISSIONS));
    await handle.utimes(Number(facts.atime_ns) / NANOSECONDS, Number(facts.mtime_ns) / NANOSECONDS);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where the owner means nothing (another user namespace, FAT), the file is ours: its bytes matter more. */
async function giveTo(target: FileHandle, { uid, gid }: KeptFacts): Promise<void> {
  try {
    await target.chown(uid, gid);
  } catch (error) {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorCode(error))) throw error;
  }
}

/**
 * Gives a draft its name, and false when that is taken. The draft stays as a second name where the file system can
 * link: it is how recovery knows that the file under that name is ours and no older one.
 */
export async function place(folder: Folder, draft: string, name: Buffer): Promise<boolean> {
  try {
    await link(folder.at(draft), folder.at(name));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    return moveWithoutOverwriting(folder, draft, folder, name);
  }
  await folder.sync();
  return true;
}

/** True when the entry is the draft under its final name; where only the entry is left, its bytes must tell. */
export async function isPlaced(
  folder: Folder,
  draft: string,
  name: Buffer,
  { sha256, size }: { readonly sha256: string | null; readonly size: number | null },
): Promise<boolean> {
  const there = await unlessMissing(lstat(folder.at(name), { bigint: true }));
  if (there === null || !there.isFile()) return false;
  const drafted = await unlessMissing(lstat(folder.at(draft), { bigint: true }));
  if (drafted !== null) return drafted.ino === there.ino && drafted.dev === there.dev;
  if (size === null || there.size !== BigInt(size)) return false;
  return (await hashFile(folder, name)) === sha256;
}

export async function removeDraft(folder: Folder, draft: string): Promise<void> {
  await rm(folder.at(draft), { force: true });
  await folder.sync();
}
