import { inWords } from '../domain/index.ts';
import type { Disposition } from '../dispose/index.ts';
import { nameFromBytes } from '../bytes/index.ts';
import type { Store, WatchedFile } from '../store/index.ts';
import type { Unit } from '../intake/index.ts';
import { hashUnit } from './unit-content.ts';

/** What a unit of several files is decided to be, without moving it: it is worth what it is worth together (ATTACKS B3). */
export async function leaveWhole(store: Store, file: WatchedFile, unit: Unit): Promise<Disposition> {
  const detail = `${unit.kind} of ${unit.files} files: stays as a whole, where it is`;
  if (file.decision === 'auto_approve') await store.files.leave(file.id, detail);
  else if (file.decision === 'quarantine' && (await isAnswered(store, file))) {
    const rejected = `${detail}: take it away yourself, it is never approved`;
    await store.files.refuse(file.id, rejected);
    return inPlace(file, `rejected; ${rejected}`);
  } else await store.reviews.holdInPlace(file.id, detail);
  return inPlace(file, detail);
}

/**
 * Why what a person approved where it stands is no longer that; null: it is, or nobody had to be asked. Time has passed since it
 * was scanned, and a file can be written without a trace in its times (ATTACKS A11, A20).
 */
export async function changedSinceLook(store: Store, file: WatchedFile, unit: Unit): Promise<string | null> {
  if (!(await isAnswered(store, file))) return null;
  try {
    return (await hashUnit(unit)) === file.sha256
      ? null
      : 'changed since it was looked at: its bytes are others';
  } catch (error) {
    return `cannot be read again: ${inWords(error)}`;
  }
}

async function isAnswered(store: Store, { id }: WatchedFile): Promise<boolean> {
  const review = await store.reviews.lastOf(id);
  return review !== null && (review.state === 'approved' || review.state === 'rejected');
}

function inPlace({ path }: WatchedFile, detail: string): Disposition {
  return { action: 'none', location: nameFromBytes(path), id: null, detail };
}
