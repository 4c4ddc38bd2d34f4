import { lstat, rm, rmdir, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { errorCode, nameFromBytes, openFile, split, type Folder } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { inWords, type Intent, type KeptFacts } from '../domain/index.ts';
import { besideName } from './beside-name.ts';
import { Claim, differsFrom, type Identity } from './claim.ts';
import { copyToQuarantine, copyToReview, HELD_FILES, type Copying } from './copy-in.ts';
import { copyToDraft, draftName, dress, place, removeDraft } from './copy-out.ts';
import { readXattrs } from './extended-attributes.ts';
import { factsOf, isSparse } from './kept-facts.ts';
import type { Ledger } from './ledger.ts';
import { NotMoved } from './not-moved.ts';
import { assertRoom } from './room.ts';
import type { OnStep } from './steps.ts';
import { undo } from './undo.ts';

/** One file on its way from its place into a container, the review folder, or the place of what is approved. */
export interface Move {
  readonly intent: Intent & { readonly kind: 'quarantine' | 'hold' | 'release' };
  readonly identity: Identity;
  /** Of a held file: what it was when it was taken. null: as it stands now. */
  readonly facts: KeptFacts | null;
  readonly report: FileResult;
  readonly toolVersion: string | null;
  readonly parent: Folder;
  readonly destination: Folder;
  readonly ledger: Ledger;
  readonly onStep: OnStep;
}

/** The file is where it was (or beside it, where its name was taken), and why. */
export interface TakenBack {
  readonly moved: false;
  readonly location: Buffer;
  readonly why: string;
  /** To be tried again as it is. */
  readonly isPassing: boolean;
  /** It could not even be put back: the disposition stays open, and recovery takes it up. */
  readonly isStuck: boolean;
}

export interface Moved {
  readonly moved: true;
  readonly location: Buffer;
  /** Hard links that are still where they were, an original that could not be removed. */
  readonly detail: string | null;
}

/**
 * The sequence of DESIGN 8: intent, claim, compare, copy while hashing, sync, record, remove the original. A crash
 * at any point leaves the file, whole, in its place, in its claim folder, or copied, and the ledger says so;
 * recoverDispositions brings it to an end. Nothing is overwritten, and the claimed inode is never modified: it may
 * have other names, or another owner.
 */
export async function move(moving: Move): Promise<Moved | TakenBack> {
  const { intent, identity, parent, destination, ledger, onStep } = moving;
  const { name } = split(Buffer.from(intent.from));
  const before = await lstat(parent.at(name), { bigint: true });
  const difference = differsFrom(identity, before);
  if (difference !== null) throw new NotMoved(difference);
  await assertRoom(destination, before);

  await ledger.intend(intent);
  let claim: Claim | null = null;
  let copied: Copied;
  try {
    await onStep('intent');
    claim = await Claim.make(parent, intent.id, name);
    await onStep('claim_folder');
    await claim.take();
    await ledger.claimed(intent.id);
    await onStep('claimed');
    copied = await copyClaimed(moving, claim);
    const { location, facts, others } = copied;
    await ledger.done(intent.id, { location, facts, detail: otherNames(others) });
    await onStep('journalled');
  } catch (error) {
    await claim?.close();
    return takenBack(error, moving);
  }
  const problem = await removeOriginal(claim, moving);
  const detail = [otherNames(copied.others), problem].filter((text) => text !== null).join('; ') || null;
  return { moved: true, location: copied.location, detail };
}

interface Copied {
  readonly location: Buffer;
  /** null: it is released, and nothing is kept of it but the file. */
  readonly facts: KeptFacts | null;
  /** Names that remain. */
  readonly others: number;
}

/** Opens what was claimed, makes sure of it, and copies it. */
async function copyClaimed(moving: Move, claim: Claim): Promise<Copied> {
  const { intent, identity, onStep, report, toolVersion } = moving;
  const entry = await claim.stat();
  const difference = entry === null ? 'it vanished' : differsFrom(identity, entry);
  if (difference !== null) throw new NotMoved(difference);
  const source = await openFile(claim.folder, claim.entry);
  try {
    const stats = await source.stat({ bigint: true });
    const swapped = differsFrom(identity, stats);
    if (swapped !== null) throw new NotMoved(swapped);
    await onStep('checked');
    const sha256 = intent.sha256 ?? '';
    const fresh = {
      id: intent.id,
      now: new Date(intent.at),
      toolVersion,
      origin: Buffer.from(intent.from),
      sha256,
      stats,
      report,
    };
    const facts =
      moving.facts === null
        ? factsOf({ ...fresh, xattrs: await readXattrs(source) })
        : { ...moving.facts, id: intent.id, taken_at: intent.at };
    const copying: Copying = {
      source,
      sparse: isSparse(stats),
      facts,
      report,
      onStep,
      check: (hash) => assertUnchanged(source, stats, hash === sha256),
    };
    const others = moving.facts === null ? Number(stats.nlink) - 1 : 0;
    if (intent.kind === 'release')
      return { location: await release(moving, copying, stats), facts: null, others };
    const copy = intent.kind === 'quarantine' ? copyToQuarantine : copyToReview;
    const stored = await copy(moving.destination, copying);
    return { location: moving.destination.pathOf(stored), facts, others };
  } finally {
    await source.close();
  }
}

/** A file with the bytes that were scanned, under its name in the place of what is approved. */
async function release(
  { intent, destination, onStep }: Move,
  { source, sparse, facts, check }: Copying,
  stats: BigIntStats,
): Promise<Buffer> {
  const draft = draftName(intent.id);
  await check(await copyToDraft(source, stats, sparse, destination, draft));
  await dress(destination, draft, facts, { withPrivileges: false });
  await onStep('copied');
  const name = Buffer.from(intent.to_name ?? new Uint8Array());
  const beside = besideName(name, intent.ending);
  for (const candidate of [name, beside]) {
    if (!(await place(destination, draft, candidate))) continue;
    await onStep('placed');
    return destination.pathOf(candidate);
  }
  throw new NotMoved('its name is taken, and so is the one beside it');
}

/** Bytes written behind our back, by a descriptor that survived the claim, would be lost with the original. */
async function assertUnchanged(source: FileHandle, before: BigIntStats, sameHash: boolean): Promise<void> {
  const now = await source.stat({ bigint: true });
  const sameStats =
    now.size === before.size && now.mtimeNs === before.mtimeNs && now.ctimeNs === before.ctimeNs;
  if (!sameHash) throw new NotMoved('changed since it was scanned: its bytes are others');
  if (!sameStats) throw new NotMoved('changed while it was moved');
}

async function takenBack(error: unknown, { intent, parent, destination, ledger }: Move): Promise<TakenBack> {
  const isOurs = error instanceof NotMoved;
  const why = isOurs ? error.message : inWords(error);
  // What the file system refused today it may grant tomorrow; what is no longer the file that was scanned is not.
  const isPassing = isOurs ? error.isPassing : true;
  let location: Buffer;
  try {
    location = await undo(intent, { destination, parent });
  } catch (undoing) {
    // The intent stays: it is taken up again by recoverDispositions.
    const stuck = `and could not be put back (${inWords(undoing)}): it is in that folder or in its place`;
    const claimed = parent.pathOf(Claim.folderName(intent.id));
    return { moved: false, location: claimed, why: `${why}; ${stuck}`, isPassing, isStuck: true };
  }
  const isThere = location.equals(intent.from);
  const told = isThere ? why : `${why}; its name had been taken, so it was put beside it`;
  try {
    await ledger.withdraw(intent.id, null);
    return { moved: false, location, why: told, isPassing, isStuck: false };
  } catch (recording) {
    // Recovery finds the file in its place, and nothing to be done but this.
    const unsaid = `${told}; that could not be recorded: ${inWords(recording)}`;
    return { moved: false, location, why: unsaid, isPassing, isStuck: true };
  }
}

/** After this, the copy is the file. What fails here leaves both, which the ledger records. */
async function removeOriginal(claim: Claim, moving: Move): Promise<string | null> {
  const { intent, ledger, onStep, destination, parent } = moving;
  try {
    await claim.removeClaimed();
    await onStep('original_removed');
    await claim.remove();
    await onStep('claim_removed');
    if (intent.item !== null) await removeHeldFolder(parent);
    await onStep('source_removed');
    if (intent.kind === 'release') {
      await removeDraft(destination, draftName(intent.id));
      await onStep('draft_removed');
    }
    await ledger.close(intent.id);
    await onStep('done');
    return null;
  } catch (error) {
    return `the original could not be removed from ${nameFromBytes(claim.location)}: ${inWords(error)}`;
  } finally {
    await claim.close();
  }
}

/** What is left of a held file's folder once its content is elsewhere. Its own folder, opened by the caller. */
export async function removeHeldFolder(folder: Folder): Promise<void> {
  for (const name of HELD_FILES) await rm(folder.at(name), { force: true });
  try {
    await rmdir(folder.path);
  } catch (error) {
    // Whatever a reviewer has put beside it is not ours to remove.
    if (!['ENOTEMPTY', 'ENOENT'].includes(errorCode(error))) throw error;
  }
}

function otherNames(count: number): string | null {
  if (count <= 0) return null;
  return count === 1
    ? 'another name of this file (a hard link) is still where it was'
    : `${count} other names of this file (hard links) are still where they were`;
}
