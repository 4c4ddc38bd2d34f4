import { lstat, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  createFile,
  errorCode,
  Folder,
  isBelow,
  join,
  nameFromBytes,
  openManagedFolder,
  split,
  unlessMissing,
} from '../bytes/index.ts';
import { BackupLensError, inWords, newId, type Intent } from '../domain/index.ts';
import { Damaged } from './container.ts';
import { draftName, dress, place, removeDraft } from './copy-out.ts';
import { openContainer, removeItem, type OpenContainer } from './items.ts';
import type { Ledger } from './ledger.ts';
import { managedFolderOf, type Managed } from './managed-places.ts';
import { NotMoved } from './not-moved.ts';
import { assertRoom } from './room.ts';
import { unseal, writeContent } from './seal.ts';
import { unwatched, type OnStep } from './steps.ts';

export interface RestoreRequest {
  readonly ledger: Ledger;
  readonly item: string;
  /** Where to; where the store says that the file came from when it is not given. The whole name, not a folder. */
  readonly to?: string | Buffer;
  /** Folders of which one must hold the place; null: every place will do. */
  readonly roots: readonly string[] | null;
  /** Folders of which none may hold the place: what lies there counts as ours, and is trusted. */
  readonly managed: Managed;
  readonly who: string;
  readonly why: string | null;
  /** Leave the item in quarantine. */
  readonly keep?: boolean;
  /** With setuid, setgid, sticky and file capabilities. */
  readonly withPrivileges?: boolean;
  readonly now?: Date;
  readonly onStep?: OnStep;
}

export type Restored =
  | { readonly status: 'restored'; readonly location: Buffer; readonly sha256: string; readonly size: number }
  | { readonly status: 'damaged'; readonly reason: string }
  | { readonly status: 'missing' };

/**
 * Brings a file back byte by byte, with its permissions, its times, its extended attributes and (as root) its owner,
 * and then removes the item. Never overwrites. Every folder on the way to where it came from must be a real one.
 * What is damaged is not brought back at all. Throws BL_DISPOSITION when it cannot be done, and then nothing has
 * changed.
 */
export async function restoreFromQuarantine(request: RestoreRequest): Promise<Restored> {
  const { ledger, item: id } = request;
  const item = await ledger.item(id);
  if (item === null || item.kind !== 'quarantine') return { status: 'missing' };
  const quarantine = await openManagedFolder(split(Buffer.from(item.location)).folder.toString(), 'null');
  if (quarantine === null) return { status: 'damaged', reason: 'its quarantine folder is not there' };
  try {
    const container = await openContainer(quarantine, id);
    if (container === null) return { status: 'damaged', reason: 'its container is not there' };
    try {
      const { parent, name } = await openTarget(request, Buffer.from(item.origin));
      try {
        await assertNotOurs(parent.pathOf(name), request.managed);
        // Where this item lies may have been the quarantine folder of another day.
        if (isBelow(parent, quarantine)) throw refusal(parent.pathOf(name), 'lies in the quarantine folder');
        await assertFree(parent, name);
        await bringBack(request, item.file, container, { quarantine, parent, name });
        const { sha256, size } = container.layout.header;
        return { status: 'restored', location: parent.pathOf(name), sha256, size };
      } finally {
        await parent.close();
      }
    } finally {
      await container.handle.close();
    }
  } catch (error) {
    if (error instanceof Damaged) return { status: 'damaged', reason: error.message };
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError('BL_DISPOSITION', `cannot restore ${id}: ${inWords(error)}`, { cause: error });
  } finally {
    await quarantine.close();
  }
}

interface Target {
  readonly parent: Folder;
  readonly name: Buffer;
}

/** Who names a place may name it through links; the place that was recorded must still be the real one. */
async function openTarget({ to, roots }: RestoreRequest, origin: Buffer): Promise<Target> {
  const given = to === undefined ? origin : Buffer.from(to);
  const absolute = given[0] === 0x2f ? given : join(Buffer.from(resolve('.')), given);
  const { folder, name } = split(absolute);
  if (['', '.', '..'].includes(name.toString('latin1'))) {
    throw refusal(absolute, 'is no name of a file', 'give the whole name, not the folder');
  }
  let parent: Folder;
  try {
    const real = to === undefined ? folder : await realpath(folder, { encoding: 'buffer' });
    parent = await Folder.walk(real);
  } catch (error) {
    const isLink = ['ENOTDIR', 'ELOOP'].includes(errorCode(error));
    const why = isLink ? 'a folder on the way is a link or no folder' : inWords(error);
    throw refusal(folder, `cannot be opened: ${why}`, 'make the folder, or name another place with --to');
  }
  if (roots === null || (await isWithin(parent, roots))) return { parent, name };
  await parent.close();
  throw refusal(
    absolute,
    'lies outside of RESTORE_ROOTS',
    `name a place below ${roots.join(' or ')} with --to`,
  );
}

async function isWithin(folder: Folder, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const real = await unlessMissing(realpath(root, { encoding: 'buffer' }));
    if (real === null) continue;
    const outer = join(real, Buffer.alloc(0));
    const inner = join(folder.path, Buffer.alloc(0));
    if (inner.subarray(0, outer.length).equals(outer)) return true;
  }
  return false;
}

async function assertNotOurs(path: Buffer, managed: Managed): Promise<void> {
  const folder = await managedFolderOf(path, managed);
  if (folder === null) return;
  throw refusal(path, `lies in ${folder}, a folder of our own`, 'name another place with --to');
}

async function assertFree(parent: Folder, name: Buffer): Promise<void> {
  if ((await unlessMissing(lstat(parent.at(name)))) !== null) throw taken(parent, name);
}

async function bringBack(
  {
    ledger,
    who,
    why,
    keep = false,
    withPrivileges = false,
    now = new Date(),
    onStep = unwatched,
  }: RestoreRequest,
  file: string | null,
  { handle, layout }: OpenContainer,
  { quarantine, parent, name }: Target & { readonly quarantine: Folder },
): Promise<void> {
  const { header } = layout;
  const { id: item, sha256, size } = header;
  await assertSpace(parent, size);
  const intent: Intent = {
    id: newId(now),
    kind: 'restore',
    item,
    file,
    at: now.toISOString(),
    who,
    why,
    from: quarantine.pathOf(item),
    from_folder_ino: String((await quarantine.stat()).ino),
    dev: null,
    ino: null,
    size,
    sha256,
    to_folder: parent.path,
    to_folder_ino: String((await parent.stat()).ino),
    to_name: name,
    ending: item,
    keep,
  };
  const draft = draftName(intent.id);
  await ledger.intend(intent);
  try {
    await onStep('intent');
    const target = await createFile(parent, draft);
    try {
      await writeContent(unseal(handle, layout), target, header.cipher.zero_blocks > 0);
    } finally {
      await target.close();
    }
    await dress(parent, draft, header, { withPrivileges });
    await onStep('copied');
    if (!(await place(parent, draft, name))) throw taken(parent, name);
  } catch (error) {
    await removeDraft(parent, draft);
    await ledger.withdraw(intent.id, null);
    throw error;
  }
  // From here on the way leads forward, after a crash too.
  await onStep('placed');
  const detail = keep ? 'a copy: the item is kept' : null;
  await ledger.done(intent.id, { location: parent.pathOf(name), facts: null, detail });
  await onStep('journalled');
  if (!keep) await removeItem(quarantine, item);
  await onStep('removed');
  await removeDraft(parent, draft);
  await onStep('draft_removed');
  await ledger.close(intent.id);
  await onStep('done');
}

async function assertSpace(parent: Folder, size: number): Promise<void> {
  try {
    // How much of it are holes only shows when it is written.
    await assertRoom(parent, { size: BigInt(size), blocks: BigInt(size) });
  } catch (error) {
    if (!(error instanceof NotMoved)) throw error;
    throw new BackupLensError('BL_DISPOSITION', error.message, { hint: 'name another place with --to' });
  }
}

function taken(parent: Folder, name: Buffer): BackupLensError {
  return refusal(parent.pathOf(name), 'exists already', 'move it away, or name another place with --to');
}

function refusal(path: Buffer, why: string, hint?: string): BackupLensError {
  const placeless = `the place ${why}`;
  return new BackupLensError(
    'BL_DISPOSITION',
    `${nameFromBytes(path)} ${why}`,
    hint === undefined ? { placeless } : { placeless, hint },
  );
}
