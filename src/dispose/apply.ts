import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Folder, isBelow, join, nameFromBytes, openManagedFolder, split } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { BackupLensError, inWords, newId, type Decision, type KeptFacts } from '../domain/index.ts';
import { placeBelow } from './approved-place.ts';
import type { Places } from './places.ts';
import type { Identity } from './claim.ts';
import type { Ledger } from './ledger.ts';
import { move, type Move } from './move.ts';
import { NotMoved } from './not-moved.ts';
import { unwatched, type OnStep } from './steps.ts';

/** What was done with a file, and where it is now. */
export type Disposition = NonNullable<FileResult['disposition']>;

export interface Disposed {
  readonly disposition: Disposition;
  /** It could not be done now (no room, no right), and may be tried again as it is. */
  readonly retry: boolean;
}

export interface DispositionRequest {
  /** As bytes. A link in its last place is not followed: whoever was given a link gives its target. */
  readonly path: Buffer;
  /** The inode that was scanned. */
  readonly identity: Identity;
  /** Of what was scanned. */
  readonly sha256: string;
  readonly decision: Decision;
  readonly places: Places;
  readonly report: FileResult;
  readonly ledger: Ledger;
  /** The file in the store; null where nobody watches it. */
  readonly file: string | null;
  /** Of the scan: what is approved and finds its name taken gets it as an ending (ATTACKS B13). */
  readonly scan: string;
  readonly who: string;
  readonly why: string | null;
  /** A file that is taken out of the review folder: its item, and what it was when it was held. */
  readonly held: { readonly item: string; readonly facts: KeptFacts; readonly backTo: Buffer } | null;
  /** It was released, and is taken back from where it was released to. */
  readonly released?: boolean;
  readonly now: Date;
  readonly toolVersion?: string | null;
  readonly onStep?: OnStep;
}

/**
 * Carries out a decision: `quarantine` moves the file into a container, `manual_review` into the review folder,
 * `auto_approve` to the place of what is approved, or nowhere. What the world does to us (no space, no right, another
 * file in its place) is a Disposition `failed`, and then the file is where it was. Throws BL_CONFIG for
 * folders that cannot be trusted, BL_STORE when nothing can be recorded.
 */
export async function applyDisposition(request: DispositionRequest): Promise<Disposed> {
  const here = nameFromBytes(request.path);
  const opened: Folder[] = [];
  const keep = (folder: Folder): Folder => {
    opened.push(folder);
    return folder;
  };
  try {
    const source = await openSource(request, keep);
    const to = await openDestination(request, source.parent, keep);
    if (to === null) {
      const disposition = { action: 'none', location: here, id: null, detail: whyLeft(request) } as const;
      return { disposition, retry: false };
    }
    const { parent, name } = source;
    const moved = await move(await moveOf(request, parent, name, to));
    if (!moved.moved) {
      const { why, isPassing, isStuck } = moved;
      return failed(nameFromBytes(moved.location), why, isPassing && !isStuck);
    }
    const location = nameFromBytes(moved.location);
    return {
      disposition: { action: DONE[to.kind], location, id: to.id, detail: moved.detail },
      retry: false,
    };
  } catch (error) {
    if (error instanceof BackupLensError && error.code !== 'BL_DISPOSITION') throw error;
    return error instanceof NotMoved
      ? failed(here, error.message, error.isPassing)
      : failed(here, inWords(error), true);
  } finally {
    for (const folder of opened) await folder.close();
  }
}

function failed(location: string, detail: string, retry: boolean): Disposed {
  return { disposition: { action: 'failed', location, id: null, detail }, retry };
}

const DONE = { quarantine: 'quarantined', hold: 'held', release: 'released' } as const;

interface Destination {
  readonly kind: 'quarantine' | 'hold' | 'release';
  readonly id: string;
  readonly folder: Folder;
}

/** null: the file is to stay where it is. */
async function openDestination(
  { decision, places, held, now, scan }: DispositionRequest,
  parent: Folder,
  keep: (folder: Folder) => Folder,
): Promise<Destination | null> {
  const id = newId(now);
  if (decision === 'quarantine') {
    return { kind: 'quarantine', id, folder: keep(await openManagedFolder(places.quarantineDir, 'make')) };
  }
  if (decision === 'manual_review') {
    if (places.reviewDir === null || held !== null) return null;
    return { kind: 'hold', id, folder: keep(await openManagedFolder(places.reviewDir, 'make')) };
  }
  if (places.approvedDir !== null) {
    const approved = keep(await openManagedFolder(places.approvedDir, 'make'));
    const from = held === null ? parent.path : split(held.backTo).folder;
    const folder = await placeBelow(approved, from, places, scan);
    return { kind: 'release', id, folder: folder === approved ? folder : keep(folder) };
  }
  if (held === null) return null;
  return { kind: 'release', id, folder: keep(await Folder.walk(split(held.backTo).folder)) };
}

function whyLeft({ decision, places }: DispositionRequest): string | null {
  if (decision === 'auto_approve') return null;
  return places.reviewDir === null ? 'left in place: REVIEW_DIR is not set' : 'it is held already';
}

async function openSource(
  { path, places, held, released = false }: DispositionRequest,
  keep: (folder: Folder) => Folder,
): Promise<{ readonly parent: Folder; readonly name: Buffer }> {
  const absolute = path[0] === 0x2f ? path : join(Buffer.from(resolve('.')), path);
  const { folder, name } = split(absolute);
  const parent = keep(await Folder.open(await realpath(folder, { encoding: 'buffer' })));
  if (held !== null) return { parent, name };
  const closed = [places.quarantineDir, places.reviewDir, ...(released ? [] : [places.approvedDir])];
  for (const managed of closed) {
    const at = managed === null ? null : await openManagedFolder(managed, 'null');
    if (at === null) continue;
    keep(at);
    if (isBelow(parent, at)) {
      throw new NotMoved('it lies in the quarantine, review or approved folder already');
    }
  }
  return { parent, name };
}

async function moveOf(
  request: DispositionRequest,
  parent: Folder,
  name: Buffer,
  { kind, id, folder }: Destination,
): Promise<Move> {
  const { identity, sha256, held, ledger, report, now, onStep = unwatched, toolVersion = null } = request;
  const { file, who, why, scan } = request;
  const toName = kind === 'release' ? (held === null ? name : split(held.backTo).name) : null;
  return {
    intent: {
      id,
      kind,
      item: held?.item ?? null,
      file,
      at: now.toISOString(),
      who,
      why,
      from: parent.pathOf(name),
      from_folder_ino: String((await parent.stat()).ino),
      dev: String(identity.dev),
      ino: String(identity.ino),
      size: identity.size,
      sha256,
      to_folder: folder.path,
      to_folder_ino: String((await folder.stat()).ino),
      to_name: toName,
      ending: scan,
      keep: false,
    },
    identity,
    facts: held?.facts ?? null,
    report,
    toolVersion,
    parent,
    destination: folder,
    ledger,
    onStep,
  };
}
