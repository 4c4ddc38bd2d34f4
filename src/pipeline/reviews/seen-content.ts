import { lstat } from 'node:fs/promises';
import { join, unlessMissing } from '../../bytes/index.ts';
import { HELD_CONTENT, openClaims } from '../../dispose/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { unitAt } from '../../intake/index.ts';
import type { Review, Store, WatchedFile } from '../../store/index.ts';
import { hashUnit } from '../unit-content.ts';

/**
 * Why what lies there is not what somebody looked at; null: it is. Reads all of it: an answer is about bytes, and a file can be
 * written without a trace in its times (ATTACKS A11, A20). Something else at the place of a file is new work: its review is closed.
 * Throws BL_STORE when the store cannot be asked, and what the signal is aborted with.
 */
export async function notWhatWasSeen(
  store: Store,
  { id, file: of, sha256 }: Pick<Review, 'id' | 'file' | 'sha256'>,
  signal?: AbortSignal,
): Promise<string | null> {
  const file = await store.files.get(of);
  if (file === null) return 'the store does not know it any more';
  // What was released is its owner's: the answer is about the bytes that were scanned, wherever they are by now.
  if (file.state === 'released') return null;
  let now;
  try {
    now = await hashNow(store, file, signal);
    if (now === sha256) return null;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof BackupLensError) throw error;
    return `it cannot be read again: ${inWords(error)}`;
  }
  // Somebody else may have answered while it was read, and then it was moved.
  if (file.location === null && (await store.reviews.get(id))?.state === 'open') {
    const isThere = (await unlessMissing(lstat(Buffer.from(file.path)))) !== null;
    await store.files.lose(file.id, isThere ? 'superseded' : 'gone');
  }
  return now === null
    ? 'what was scanned is not there any more'
    : 'changed since it was scanned: its bytes are others';
}

/** null: there is nothing, or nothing of its kind. */
async function hashNow(store: Store, file: WatchedFile, signal?: AbortSignal): Promise<string | null> {
  const path =
    file.location === null
      ? Buffer.from(file.path)
      : join(Buffer.from(file.location), Buffer.from(HELD_CONTENT));
  if (file.unit === 'file') return unlessMissing(hashUnit({ path, set: null, kind: 'file' }, signal));
  const unit = await unitAt(path, { kind: file.unit, ours: openClaims(store.ledger) });
  return unit?.kind === file.unit ? hashUnit(unit, signal) : null;
}
