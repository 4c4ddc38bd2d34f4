import { lstat, realpath, rm, unlink, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { nameFromBytes } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { moveWithoutOverwriting } from './claim.ts';
import { Damaged, type ContainerHeader, type ContainerLayout } from './container.ts';
import { errorCode, Folder, isBelow, join, split, unlessMissing } from './folder.ts';
import { commitIntent, entryOf, removeIntent, type Restoration } from './intent.ts';
import { openContainer, removeItem } from './items.ts';
import { appendToJournal } from './journal.ts';
import { withLock } from './lock.ts';
import { openManagedFolder } from './managed-folder.ts';
import { unseal, writeContent } from './seal.ts';
import { unwatched, type OnStep } from './steps.ts';
import { createFile } from './write-file.ts';

export interface RestoreOptions {
  /** Where to; where the file came from when it is not given. The whole name, not a folder. */
  readonly to?: string | Buffer;
  /** Leave the item in quarantine. */
  readonly keep?: boolean;
  readonly now?: Date;
  readonly onStep?: OnStep;
}

export type Restored =
  | { readonly status: 'restored'; readonly location: Buffer; readonly sha256: string; readonly size: number }
  | { readonly status: 'damaged'; readonly reason: string }
  | { readonly status: 'missing' };

/** setuid, setgid and sticky are not brought back. */
const PERMISSIONS = 0o777;
const NANOSECONDS = 1e9;

/**
 * Brings a file back byte by byte, with its permissions, its times and (as root) its owner, without setuid, setgid
 * and sticky, and then removes the item. Never overwrites. Every folder on the way to where it came from must be a
 * real one. What is damaged is not brought back at all. Throws BL_DISPOSITION when it cannot be done, and then
 * nothing has changed.
 */
export async function restoreFromQuarantine(
  quarantineDir: string,
  id: string,
  options: RestoreOptions = {},
): Promise<Restored> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return { status: 'missing' };
  try {
    return await withLock(quarantine, () => restoreItem(quarantine, id, options));
  } catch (error) {
    if (error instanceof Damaged) return { status: 'damaged', reason: error.message };
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError('BL_DISPOSITION', `cannot restore ${id}: ${inWords(error)}`, { cause: error });
  } finally {
    await quarantine.close();
  }
}

async function restoreItem(quarantine: Folder, id: string, options: RestoreOptions): Promise<Restored> {
  const container = await openContainer(quarantine, id);
  if (container === null) return { status: 'missing' };
  try {
    const { header } = container.layout;
    const { parent, name } = await openTarget(options.to, header);
    try {
      if (isBelow(parent, quarantine)) throw refusal(parent.pathOf(name), 'lies in the quarantine folder');
      await assertFree(parent, name);
      await bringBack(container, { quarantine, parent, name }, options);
      const { sha256, size } = header;
      return { status: 'restored', location: parent.pathOf(name), sha256, size };
    } finally {
      await parent.close();
    }
  } finally {
    await container.handle.close();
  }
}

interface Target {
  readonly parent: Folder;
  readonly name: Buffer;
}

/** Who names a place may name it through links; the place that was recorded must still be the real one. */
async function openTarget(to: string | Buffer | undefined, header: ContainerHeader): Promise<Target> {
  const given = to === undefined ? Buffer.from(header.origin.path_base64, 'base64') : Buffer.from(to);
  const absolute = given[0] === 0x2f ? given : join(Buffer.from(resolve('.')), given);
  const { folder, name } = split(absolute);
  if (['', '.', '..'].includes(name.toString('latin1'))) {
    throw refusal(absolute, 'is no name of a file', 'give the whole name, not the folder');
  }
  try {
    const real = to === undefined ? folder : await realpath(folder, { encoding: 'buffer' });
    return { parent: await Folder.walk(real), name };
  } catch (error) {
    const isLink = ['ENOTDIR', 'ELOOP'].includes(errorCode(error));
    const why = isLink ? 'a folder on the way is a link or no folder' : inWords(error);
    throw refusal(folder, `cannot be opened: ${why}`, 'make the folder, or name another place with --to');
  }
}

async function assertFree(parent: Folder, name: Buffer): Promise<void> {
  if ((await unlessMissing(lstat(parent.at(name)))) !== null) throw taken(parent, name);
}

async function bringBack(
  { handle, layout }: { readonly handle: FileHandle; readonly layout: ContainerLayout },
  { quarantine, parent, name }: Target & { readonly quarantine: Folder },
  { keep = false, now = new Date(), onStep = unwatched }: RestoreOptions,
): Promise<void> {
  const { id, sha256, size } = layout.header;
  const to = parent.pathOf(name);
  const intent: Restoration = {
    format: 'backuplens.intent/1',
    id,
    at: now.toISOString(),
    kind: 'restore',
    to: nameFromBytes(to),
    to_base64: to.toString('base64'),
    to_folder_ino: String((await parent.stat()).ino),
    sha256,
    size,
    keep,
  };
  const draft = draftName(id);
  let placed: bigint | null = null;
  await commitIntent(quarantine, intent);
  try {
    await onStep('intent');
    const ino = await writeDraft(handle, layout, parent, draft);
    await onStep('copied');
    if (!(await moveWithoutOverwriting(parent, draft, parent, name))) throw taken(parent, name);
    placed = ino;
    await onStep('placed');
    await appendToJournal(quarantine, entryOf(intent));
    await onStep('journalled');
  } catch (error) {
    await rm(parent.at(draft), { force: true });
    const there = placed === null ? null : await unlessMissing(lstat(parent.at(name), { bigint: true }));
    if (there !== null && there.ino === placed) await unlink(parent.at(name));
    await removeIntent(quarantine, intent);
    throw error;
  }
  if (!keep) await removeItem(quarantine, id);
  await onStep('removed');
  await removeIntent(quarantine, intent);
  await onStep('done');
}

/** Beside the place where it is to be, so that it gets its name whole or not at all. */
export function draftName(id: string): string {
  return `.backuplens-restore-${id}`;
}

async function writeDraft(
  source: FileHandle,
  layout: ContainerLayout,
  parent: Folder,
  draft: string,
): Promise<bigint> {
  const { header } = layout;
  const target = await createFile(parent, draft);
  try {
    await writeContent(unseal(source, layout), target, header.cipher.zero_blocks > 0);
    // The owner first: a change of owner takes permissions away.
    if (process.geteuid?.() === 0) await giveTo(target, header);
    await target.chmod(Number.parseInt(header.mode, 8) & PERMISSIONS);
    await target.utimes(Number(header.atime_ns) / NANOSECONDS, Number(header.mtime_ns) / NANOSECONDS);
    await target.sync();
    return (await target.stat({ bigint: true })).ino;
  } finally {
    await target.close();
  }
}

/** Where the owner means nothing (another user namespace, FAT), the file is ours: its bytes matter more. */
async function giveTo(target: FileHandle, { uid, gid }: ContainerHeader): Promise<void> {
  try {
    await target.chown(uid, gid);
  } catch (error) {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorCode(error))) throw error;
  }
}

function taken(parent: Folder, name: Buffer): BackupLensError {
  return refusal(parent.pathOf(name), 'exists already', 'move it away, or name another place with --to');
}

function refusal(path: Buffer, why: string, hint?: string): BackupLensError {
  return new BackupLensError(
    'BL_DISPOSITION',
    `${nameFromBytes(path)} ${why}`,
    hint === undefined ? {} : { hint },
  );
}
