import { lstat, realpath, statfs, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { resolve } from 'node:path';
import { nameFromBytes } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { BackupLensError, type Decision, inWords } from '../domain/index.ts';
import { Claim, differsFrom, type Identity } from './claim.ts';
import { copyToQuarantine, copyToReview, type Copying } from './copy-in.ts';
import { Folder, isBelow, join, split } from './folder.ts';
import { commitIntent, entryOf, removeIntent, type MoveIn } from './intent.ts';
import { newItemId } from './item-id.ts';
import { appendToJournal } from './journal.ts';
import { factsOf, isSparse } from './kept-facts.ts';
import { withLock } from './lock.ts';
import { openManagedFolder } from './managed-folder.ts';
import { unwatched, type OnStep } from './steps.ts';
import { undo } from './undo.ts';
import { openFile } from './write-file.ts';

/** What was done with a file, and where it is now. */
export type Disposition = NonNullable<FileResult['disposition']>;

export interface DispositionRequest {
  /** As bytes. A link in its last place is not followed: whoever was given a link gives its target. */
  readonly path: Buffer;
  /** The inode that was scanned. */
  readonly identity: Identity;
  /** Of what was scanned. */
  readonly sha256: string;
  readonly decision: Decision;
  readonly quarantineDir: string;
  /** null: what is for review stays where it is. */
  readonly reviewDir: string | null;
  readonly report: FileResult;
  readonly now: Date;
  readonly toolVersion?: string | null;
  readonly onStep?: OnStep;
}

/** Room for header, report and journal. */
const SLACK_BYTES = 128 * 1024;

/** The world got in the way: the file is where it was, and why. */
class NotMoved extends Error {}

/**
 * Carries out a decision: `quarantine` moves the file into a container, `manual_review` into the review folder,
 * `auto_approve` moves nothing. What the world does to us (no space, no right, another file in its place) is a
 * Disposition `failed`, and then the file is where it was. Throws BL_CONFIG for folders that cannot be trusted.
 *
 * The sequence is DESIGN 8: intent, claim, compare, copy while hashing, sync, journal, remove the original. A
 * crash at any point leaves the file, whole, in its place, in its claim folder, or stored, and the intent says so;
 * recoverDispositions brings it to an end.
 */
export async function applyDisposition(request: DispositionRequest): Promise<Disposition> {
  const { decision, quarantineDir, reviewDir } = request;
  const here = nameFromBytes(request.path);
  if (decision === 'auto_approve') return { action: 'none', location: here, id: null, detail: null };
  if (decision === 'manual_review' && reviewDir === null) {
    return { action: 'none', location: here, id: null, detail: 'left in place: there is no review folder' };
  }
  const opened: Folder[] = [];
  try {
    const quarantine = await openManagedFolder(quarantineDir, 'make');
    opened.push(quarantine);
    const review = reviewDir === null ? null : await openManagedFolder(reviewDir, 'make');
    if (review !== null) opened.push(review);
    if (review !== null && (isBelow(review, quarantine) || isBelow(quarantine, review))) {
      throw new BackupLensError(
        'BL_CONFIG',
        'the quarantine folder and the review folder lie in each other',
        {
          hint: 'give two folders of which neither holds the other',
        },
      );
    }
    const destination = decision === 'quarantine' || review === null ? quarantine : review;
    const managed = opened.slice();
    const source = await openSource(request.path, managed);
    opened.push(source.parent);
    return await withLock(quarantine, () => move(request, { ...source, quarantine, destination }));
  } catch (error) {
    if (error instanceof BackupLensError && error.code !== 'BL_DISPOSITION') throw error;
    const why = error instanceof NotMoved ? error.message : inWords(error);
    return { action: 'failed', location: here, id: null, detail: why };
  } finally {
    for (const folder of opened) await folder.close();
  }
}

interface Source {
  readonly parent: Folder;
  readonly name: Buffer;
}

interface Places extends Source {
  readonly quarantine: Folder;
  readonly destination: Folder;
}

async function openSource(path: Buffer, managed: readonly Folder[]): Promise<Source> {
  const absolute = path[0] === 0x2f ? path : join(Buffer.from(resolve('.')), path);
  const { folder, name } = split(absolute);
  const parent = await Folder.open(await realpath(folder, { encoding: 'buffer' }));
  if (managed.some((one) => isBelow(parent, one))) {
    await parent.close();
    throw new NotMoved('it lies in the quarantine or review folder already');
  }
  return { parent, name };
}

async function move(request: DispositionRequest, places: Places): Promise<Disposition> {
  const { quarantine, destination, parent, name } = places;
  const { identity, sha256, decision, now } = request;
  const onStep = request.onStep ?? unwatched;
  const before = await lstat(parent.at(name), { bigint: true });
  const difference = differsFrom(identity, before);
  if (difference !== null) throw new NotMoved(difference);
  await assertRoom(destination, before);

  const origin = parent.pathOf(name);
  const intent: MoveIn = {
    format: 'backuplens.intent/1',
    id: newItemId(now),
    at: now.toISOString(),
    kind: decision === 'quarantine' ? 'quarantine' : 'hold',
    origin: nameFromBytes(origin),
    origin_base64: origin.toString('base64'),
    origin_folder_ino: String((await parent.stat()).ino),
    dev: String(identity.dev),
    ino: String(identity.ino),
    size: identity.size,
    sha256,
    destination_base64: destination.path.toString('base64'),
  };
  await commitIntent(quarantine, intent);
  let claim: Claim | null = null;
  let stored: string, others: number;
  try {
    await onStep('intent');
    claim = await Claim.make(parent, intent.id);
    await onStep('claim_folder');
    await claim.take(name);
    await onStep('claimed');
    ({ stored, others } = await copyClaimed(request, intent, claim, destination));
    await appendToJournal(quarantine, entryOf(intent));
    await onStep('journalled');
  } catch (error) {
    await claim?.close();
    return takenBack(error, intent, places);
  }
  const remaining = others === 0 ? null : otherNames(others);
  const problem = await removeOriginal(claim, intent, quarantine, onStep);
  return {
    action: intent.kind === 'quarantine' ? 'quarantined' : 'held',
    location: nameFromBytes(destination.pathOf(stored)),
    id: intent.id,
    detail: [remaining, problem].filter((text) => text !== null).join('; ') || null,
  };
}

/** Opens what was claimed, makes sure of it, and copies it; resolves to where to, and how many names remain. */
async function copyClaimed(
  { identity, sha256, report, now, toolVersion, onStep = unwatched }: DispositionRequest,
  intent: MoveIn,
  claim: Claim,
  destination: Folder,
): Promise<{ readonly stored: string; readonly others: number }> {
  const entry = await claim.stat();
  const difference = entry === null ? 'it vanished' : differsFrom(identity, entry);
  if (difference !== null) throw new NotMoved(difference);
  const source = await openFile(claim.folder, claim.entry);
  try {
    const stats = await source.stat({ bigint: true });
    const swapped = differsFrom(identity, stats);
    if (swapped !== null) throw new NotMoved(swapped);
    await onStep('checked');
    const origin = Buffer.from(intent.origin_base64, 'base64');
    const facts = factsOf({
      id: intent.id,
      now,
      toolVersion: toolVersion ?? null,
      origin,
      sha256,
      stats,
      report,
    });
    const copying: Copying = {
      source,
      sparse: isSparse(stats),
      facts,
      report,
      check: (hash) => assertUnchanged(source, stats, hash === sha256),
      onStep,
    };
    const stored = await (intent.kind === 'quarantine' ? copyToQuarantine : copyToReview)(
      destination,
      copying,
    );
    return { stored, others: Number(stats.nlink) - 1 };
  } finally {
    await source.close();
  }
}

/** Bytes written behind our back, by a descriptor that survived the claim, would be lost with the original. */
async function assertUnchanged(source: FileHandle, before: BigIntStats, sameHash: boolean): Promise<void> {
  const now = await source.stat({ bigint: true });
  const sameStats =
    now.size === before.size && now.mtimeNs === before.mtimeNs && now.ctimeNs === before.ctimeNs;
  if (!sameHash) throw new NotMoved('changed since it was scanned: its bytes are others');
  if (!sameStats) throw new NotMoved('changed while it was moved');
}

async function takenBack(error: unknown, intent: MoveIn, places: Places): Promise<Disposition> {
  const why = error instanceof NotMoved ? error.message : inWords(error);
  try {
    const location = nameFromBytes(await undo(intent, places));
    const moved =
      location === intent.origin ? why : `${why}; its name had been taken, so it was put beside it`;
    return { action: 'failed', location, id: null, detail: moved };
  } catch (undoing) {
    // The intent stays: it is taken up again by recoverDispositions.
    const claimed = nameFromBytes(places.parent.pathOf(Claim.folderName(intent.id)));
    const stuck = `and could not be put back (${inWords(undoing)}): it is in that folder or in its place`;
    return { action: 'failed', location: claimed, id: intent.id, detail: `${why}; ${stuck}` };
  }
}

/** After this, the copy is the file. What fails here leaves both, which the intent records. */
async function removeOriginal(
  claim: Claim,
  intent: MoveIn,
  quarantine: Folder,
  onStep: OnStep,
): Promise<string | null> {
  try {
    await claim.removeClaimed();
    await onStep('original_removed');
    await claim.remove();
    await onStep('claim_removed');
    await removeIntent(quarantine, intent);
    await onStep('done');
    return null;
  } catch (error) {
    return `the original could not be removed from ${nameFromBytes(claim.location)}: ${inWords(error)}`;
  } finally {
    await claim.close();
  }
}

/** Filling a file system up to its last byte would hurt others, and the file would not move anyway. */
async function assertRoom(destination: Folder, { size, blocks }: BigIntStats): Promise<void> {
  const { bavail, bsize, blocks: total } = await statfs(destination.here(), { bigint: true });
  // Some network file systems do not say how large they are.
  if (total === 0n) return;
  const needed = (blocks * 512n < size ? blocks * 512n : size) + BigInt(SLACK_BYTES);
  const free = bavail * bsize;
  if (free < needed) {
    throw new NotMoved(
      `not enough space in ${destination.path.toString()}: ${needed} bytes needed, ${free} free`,
    );
  }
}

function otherNames(count: number): string {
  return count === 1
    ? 'another name of this file (a hard link) is still where it was'
    : `${count} other names of this file (hard links) are still where they were`;
}
