import { Folder, nameFromBytes, openManagedFolder, split, unlessMissing } from '../bytes/index.ts';
import { inWords, type Intent, type KeptFacts } from '../domain/index.ts';
import { besideName } from './beside-name.ts';
import { Claim, differsFrom } from './claim.ts';
import { HELD_CONTENT } from './copy-in.ts';
import { draftName, isPlaced, removeDraft } from './copy-out.ts';
import { hashFile } from './hash-file.ts';
import { readHeldFacts } from './held-items.ts';
import { readItem, removeItem } from './items.ts';
import type { Ledger, Unfinished } from './ledger.ts';
import { removeHeldFolder } from './move.ts';
import { unwatched, type OnStep } from './steps.ts';
import { undo } from './undo.ts';

/** How a disposition, restoration or deletion that a crash cut short came to its end. */
export interface Recovered {
  readonly id: string;
  readonly file: string | null;
  /** unresolved: nothing was touched; the ledger goes on saying what was under way. */
  readonly action: 'finished' | 'undone' | 'unresolved';
  /** Where the file is now; null where that is not known. */
  readonly location: string | null;
  readonly detail: string;
}

/**
 * Finishes what had reached its copy, and takes back what had not. To be called once the store is open and before
 * anything else is done with files: what is unfinished then is left over from a crash, never work in progress.
 */
export async function recoverDispositions(
  ledger: Ledger,
  onStep: OnStep = unwatched,
): Promise<readonly Recovered[]> {
  const recovered: Recovered[] = [];
  for (const unfinished of await ledger.unfinished())
    recovered.push(await recover(unfinished, ledger, onStep));
  return recovered;
}

async function recover(unfinished: Unfinished, ledger: Ledger, onStep: OnStep): Promise<Recovered> {
  const { intent } = unfinished;
  try {
    if (intent.kind === 'restore') return await recoverRestoration(unfinished, ledger, onStep);
    if (intent.kind === 'delete') return await recoverDeletion(unfinished, ledger, onStep);
    return await recoverMove(unfinished, ledger, onStep);
  } catch (error) {
    return unresolved(intent, inWords(error));
  }
}

async function recoverMove(
  { intent, state }: Unfinished,
  ledger: Ledger,
  onStep: OnStep,
): Promise<Recovered> {
  const parent = await openKnown(split(Buffer.from(intent.from)).folder, intent.from_folder_ino);
  // Of a held file that had been dealt with, the folder may be gone already.
  if (parent === null && !(state === 'done' && intent.item !== null)) {
    return unresolved(intent, `the folder of ${nameFromBytes(intent.from)} is not there`);
  }
  try {
    const destination = await openKnown(Buffer.from(intent.to_folder ?? ''), intent.to_folder_ino ?? '');
    if (destination === null) return unresolved(intent, 'the folder that it was moved to is not there');
    try {
      return await settle(intent, state, { parent, destination, ledger, onStep });
    } finally {
      await destination.close();
    }
  } finally {
    await parent?.close();
  }
}

interface Settling {
  /** null: what is left to be done is not there. */
  readonly parent: Folder | null;
  readonly destination: Folder;
  readonly ledger: Ledger;
  readonly onStep: OnStep;
}

async function settle(
  intent: Intent,
  state: Unfinished['state'],
  { parent, destination, ledger, onStep }: Settling,
): Promise<Recovered> {
  const { name } = split(Buffer.from(intent.from));
  const stored: Stored = state === 'done' ? { state: 'recorded' } : await storedAs(intent, destination);
  const claim = parent === null ? null : await Claim.find(parent, intent.id, name);
  try {
    const claimed = (await claim?.stat()) ?? null;
    if (stored.state === 'absent' || stored.state === 'damaged') {
      if (stored.state === 'damaged' && claimed === null) {
        return unresolved(intent, `the copy is damaged, and the original is not there: ${stored.reason}`);
      }
      if (parent === null) return unresolved(intent, 'its folder is not there');
      const location = await undo(intent, { destination, parent });
      await onStep('put_back');
      await ledger.withdraw(intent.id, { location, detail: 'after a crash' });
      await onStep('withdrawn');
      const detail = 'it had not been copied: it was put back';
      return told(intent, 'undone', nameFromBytes(location), detail);
    }
    if (stored.state === 'good') {
      const { location, facts } = stored;
      await ledger.done(intent.id, { location, facts, detail: 'finished after a crash' });
      await onStep('recorded');
    }
    let detail = 'the copy was whole: the original was removed';
    if (claim !== null && claimed !== null && parent !== null) {
      const identity = { dev: claimed.dev, ino: BigInt(intent.ino ?? 0), size: intent.size ?? -1 };
      const isSame =
        differsFrom(identity, claimed) === null &&
        (await hashFile(claim.folder, claim.entry)) === intent.sha256;
      if (isSame) await claim.removeClaimed();
      else {
        const back = nameFromBytes(parent.pathOf(await claim.putBack(intent.id)));
        detail = `the copy was whole; the original had been changed since, and is at ${back}`;
      }
      await onStep('original_removed');
    }
    await claim?.remove();
    await onStep('claim_removed');
    if (intent.item !== null && parent !== null) await removeHeldFolder(parent);
    await onStep('source_removed');
    if (intent.kind === 'release') await removeDraft(destination, draftName(intent.id));
    await onStep('draft_removed');
    await ledger.close(intent.id);
    return told(intent, 'finished', stored.state === 'good' ? nameFromBytes(stored.location) : null, detail);
  } finally {
    await claim?.close();
  }
}

type Stored =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'good'; readonly location: Buffer; readonly facts: KeptFacts | null }
  /** The ledger has it: the copy is the file. */
  | { readonly state: 'recorded' };

async function storedAs(intent: Intent, destination: Folder): Promise<Stored> {
  const { kind, id, sha256 } = intent;
  if (kind === 'release') {
    const name = Buffer.from(intent.to_name ?? '');
    for (const candidate of [name, besideName(name, intent.ending)]) {
      if (!(await isPlaced(destination, draftName(id), candidate, intent))) continue;
      return { state: 'good', location: destination.pathOf(candidate), facts: null };
    }
    return { state: 'absent' };
  }
  if (kind === 'quarantine') {
    const item = await readItem(destination, id, true);
    if (item === null) return { state: 'absent' };
    if (item.damaged !== null) return { state: 'damaged', reason: item.damaged };
    if (item.header.sha256 !== sha256) return { state: 'damaged', reason: 'it holds another file' };
    return { state: 'good', location: destination.pathOf(`${id}.blq`), facts: item.header };
  }
  const folder = await unlessMissing(destination.folder(id));
  if (folder === null) return { state: 'absent' };
  try {
    if ((await hashFile(folder, HELD_CONTENT)) !== sha256) {
      return { state: 'damaged', reason: 'its bytes are others' };
    }
    return { state: 'good', location: folder.path, facts: await readHeldFacts(folder, id) };
  } catch (error) {
    return { state: 'damaged', reason: inWords(error) };
  } finally {
    await folder.close();
  }
}

async function recoverRestoration(
  { intent, state }: Unfinished,
  ledger: Ledger,
  onStep: OnStep,
): Promise<Recovered> {
  const parent = await openKnown(Buffer.from(intent.to_folder ?? ''), intent.to_folder_ino ?? '');
  if (parent === null) return unresolved(intent, 'the folder that it was restored to is not there');
  const container = await openManagedFolder(split(Buffer.from(intent.from)).folder.toString(), 'null');
  try {
    const name = Buffer.from(intent.to_name ?? '');
    const draft = draftName(intent.id);
    const location = parent.pathOf(name);
    if (state !== 'done' && !(await isPlaced(parent, draft, name, intent))) {
      await removeDraft(parent, draft);
      await onStep('put_back');
      await ledger.withdraw(intent.id, null);
      await onStep('withdrawn');
      return told(intent, 'undone', null, 'it had not been restored: it is in quarantine');
    }
    if (state !== 'done') {
      await ledger.done(intent.id, { location, facts: null, detail: 'finished after a crash' });
      await onStep('recorded');
    }
    if (!intent.keep && container !== null && intent.item !== null) await removeItem(container, intent.item);
    await onStep('item_removed');
    await removeDraft(parent, draft);
    await onStep('draft_removed');
    await ledger.close(intent.id);
    return told(intent, 'finished', nameFromBytes(location), 'it had been restored');
  } finally {
    await container?.close();
    await parent.close();
  }
}

async function recoverDeletion(
  { intent, state }: Unfinished,
  ledger: Ledger,
  onStep: OnStep,
): Promise<Recovered> {
  const container = await openManagedFolder(split(Buffer.from(intent.from)).folder.toString(), 'null');
  try {
    if (state !== 'done') await ledger.done(intent.id, { location: null, facts: null, detail: null });
    await onStep('recorded');
    if (container !== null && intent.item !== null) await removeItem(container, intent.item);
    await onStep('item_removed');
    await ledger.close(intent.id);
    return told(intent, 'finished', null, 'it was deleted');
  } finally {
    await container?.close();
  }
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

function told(
  { id, file }: Intent,
  action: Recovered['action'],
  location: string | null,
  detail: string,
): Recovered {
  return { id, file, action, location, detail };
}

function unresolved(intent: Intent, detail: string): Recovered {
  return told(intent, 'unresolved', null, detail);
}
