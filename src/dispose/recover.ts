import { lstat, rm } from 'node:fs/promises';
import { nameFromBytes } from '../bytes/index.ts';
import { inWords } from '../domain/index.ts';
import { Claim, differsFrom } from './claim.ts';
import { HELD_CONTENT } from './copy-in.ts';
import { Folder, split, unlessMissing } from './folder.ts';
import {
  entryOf,
  leftOverIntents,
  removeIntent,
  type Deletion,
  type Intent,
  type MoveIn,
  type Restoration,
} from './intent.ts';
import { readItem, removeItem } from './items.ts';
import { appendToJournal, ensureJournalled } from './journal.ts';
import { withLock } from './lock.ts';
import { openManagedFolder } from './managed-folder.ts';
import { draftName } from './restore.ts';
import { hashFile } from './hash-file.ts';
import { undo } from './undo.ts';

/** How a disposition, restoration or deletion that a crash cut short came to its end. */
export interface Recovered {
  readonly id: string;
  /** unresolved: nothing was touched; the intent stays, and says what was under way. */
  readonly action: 'finished' | 'undone' | 'unresolved';
  /** Where the file is now; null where that is not known. */
  readonly location: string | null;
  readonly detail: string;
}

/**
 * Finishes what had reached its copy, and takes back what had not. To be called before anything else is done with
 * these folders; what another process is doing just now is waited for, not disturbed. Throws BL_CONFIG for folders
 * that cannot be trusted.
 */
export async function recoverDispositions(
  quarantineDir: string,
  reviewDir: string | null,
): Promise<readonly Recovered[]> {
  const quarantine = await openManagedFolder(quarantineDir, 'null');
  if (quarantine === null) return [];
  try {
    return await withLock(quarantine, async () => {
      const recovered: Recovered[] = [];
      for await (const { id, intent } of leftOverIntents(quarantine)) {
        recovered.push(await recover(id, intent, quarantine, reviewDir));
      }
      return recovered;
    });
  } finally {
    await quarantine.close();
  }
}

async function recover(
  id: string,
  intent: Intent | string,
  quarantine: Folder,
  reviewDir: string | null,
): Promise<Recovered> {
  if (typeof intent === 'string') return unresolved(id, intent);
  try {
    if (intent.kind === 'restore') return await recoverRestoration(intent, quarantine);
    if (intent.kind === 'delete') return await recoverDeletion(intent, quarantine);
    return await recoverMove(intent, quarantine, reviewDir);
  } catch (error) {
    return unresolved(id, inWords(error));
  }
}

async function recoverMove(intent: MoveIn, quarantine: Folder, reviewDir: string | null): Promise<Recovered> {
  const origin = Buffer.from(intent.origin_base64, 'base64');
  const parent = await openKnown(split(origin).folder, intent.origin_folder_ino);
  if (parent === null) return unresolved(intent.id, `the folder of ${intent.origin} is not there`);
  try {
    if (intent.kind === 'quarantine')
      return await settle(intent, { quarantine, destination: quarantine, parent });
    const recorded = Buffer.from(intent.destination_base64, 'base64').toString();
    const review = await openManagedFolder(reviewDir ?? recorded, 'null');
    if (review === null) return unresolved(intent.id, 'the review folder is not there');
    try {
      return await settle(intent, { quarantine, destination: review, parent });
    } finally {
      await review.close();
    }
  } finally {
    await parent.close();
  }
}

interface Places {
  readonly quarantine: Folder;
  readonly destination: Folder;
  readonly parent: Folder;
}

async function settle(intent: MoveIn, places: Places): Promise<Recovered> {
  const { quarantine, destination, parent } = places;
  const name = split(Buffer.from(intent.origin_base64, 'base64')).name;
  const stored = await storedAs(intent, destination);
  const claim = await Claim.find(parent, intent.id);
  try {
    const claimed = (await claim?.stat()) ?? null;
    if (stored.state !== 'good') {
      if (stored.state === 'damaged' && claimed === null) {
        return unresolved(intent.id, `the copy is damaged, and the original is not there: ${stored.reason}`);
      }
      const location = nameFromBytes(await undo(intent, places));
      const detail = 'it had not been copied: it was put back';
      const entry = { ...entryOf(intent), action: 'put_back', detail: 'after a crash' } as const;
      await appendToJournal(quarantine, entry);
      return { id: intent.id, action: 'undone', location, detail };
    }
    await ensureJournalled(quarantine, entryOf(intent));
    let detail = 'the copy was whole: the original was removed';
    if (claim !== null && claimed !== null) {
      const identity = { dev: claimed.dev, ino: BigInt(intent.ino), size: intent.size };
      const isSame =
        differsFrom(identity, claimed) === null &&
        (await hashFile(claim.folder, claim.entry)) === intent.sha256;
      if (isSame) await claim.removeClaimed();
      else {
        const back = nameFromBytes(parent.pathOf(await claim.putBack(name, intent.id)));
        detail = `the copy was whole; the original had been changed since, and is at ${back}`;
      }
    }
    await claim?.remove();
    await removeIntent(quarantine, intent);
    return { id: intent.id, action: 'finished', location: stored.location, detail };
  } finally {
    await claim?.close();
  }
}

type Stored =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'good'; readonly location: string };

async function storedAs({ id, kind, sha256 }: MoveIn, destination: Folder): Promise<Stored> {
  if (kind === 'quarantine') {
    const item = await readItem(destination, id, true);
    if (item === null) return { state: 'absent' };
    if (item.damaged !== null) return { state: 'damaged', reason: item.damaged };
    if (item.header.sha256 !== sha256) return { state: 'damaged', reason: 'it holds another file' };
    return { state: 'good', location: nameFromBytes(destination.pathOf(`${id}.blq`)) };
  }
  const folder = await unlessMissing(destination.folder(id));
  if (folder === null) return { state: 'absent' };
  try {
    if ((await hashFile(folder, HELD_CONTENT)) !== sha256) {
      return { state: 'damaged', reason: 'its bytes are others' };
    }
    return { state: 'good', location: nameFromBytes(folder.path) };
  } catch (error) {
    return { state: 'damaged', reason: inWords(error) };
  } finally {
    await folder.close();
  }
}

async function recoverRestoration(intent: Restoration, quarantine: Folder): Promise<Recovered> {
  const to = Buffer.from(intent.to_base64, 'base64');
  const { folder, name } = split(to);
  const parent = await openKnown(folder, intent.to_folder_ino);
  if (parent === null) return unresolved(intent.id, `the folder of ${intent.to} is not there`);
  try {
    const draft = draftName(intent.id);
    const drafted = await unlessMissing(lstat(parent.at(draft), { bigint: true }));
    const there = await unlessMissing(lstat(parent.at(name), { bigint: true }));
    const isPlaced =
      there !== null &&
      there.isFile() &&
      there.size === BigInt(intent.size) &&
      (drafted === null || drafted.ino === there.ino) &&
      (await hashFile(parent, name)) === intent.sha256;
    await rm(parent.at(draft), { force: true });
    await parent.sync();
    if (isPlaced) {
      await ensureJournalled(quarantine, entryOf(intent));
      if (!intent.keep) await removeItem(quarantine, intent.id);
    }
    await removeIntent(quarantine, intent);
    return isPlaced
      ? { id: intent.id, action: 'finished', location: intent.to, detail: 'it had been restored' }
      : {
          id: intent.id,
          action: 'undone',
          location: null,
          detail: 'it had not been restored: it is in quarantine',
        };
  } finally {
    await parent.close();
  }
}

async function recoverDeletion(intent: Deletion, quarantine: Folder): Promise<Recovered> {
  await ensureJournalled(quarantine, entryOf(intent));
  await removeItem(quarantine, intent.id);
  await removeIntent(quarantine, intent);
  return { id: intent.id, action: 'finished', location: null, detail: 'it was deleted' };
}

/** The folder at a recorded path; null when it is not the same any more (unmounted, renamed, replaced by a link). */
async function openKnown(path: Buffer, ino: string): Promise<Folder | null> {
  let folder: Folder;
  try {
    folder = await Folder.walk(path);
  } catch {
    // Whatever keeps it from being opened may be over tomorrow: the intent waits until then.
    return null;
  }
  if (String((await folder.stat()).ino) === ino) return folder;
  await folder.close();
  return null;
}

function unresolved(id: string, detail: string): Recovered {
  return { id, action: 'unresolved', location: null, detail };
}
