import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { BackupLensError } from '../../domain/index.ts';
import type { Answer, Review, ReviewFilter, Store } from '../../store/index.ts';
import { notWhatWasSeen } from './seen-content.ts';

/** Open reviews that are decided together. */
export interface ReviewSelection {
  readonly action: 'approve' | 'reject';
  readonly filter: ReviewFilter;
  /** Nobody approves what they have uploaded themselves. */
  readonly who: string;
  /** At most so many, the oldest. */
  readonly limit: number;
}

interface Excluded {
  readonly id: string;
  readonly code: 'unread' | 'own_upload' | 'already_decided' | 'other_content' | 'not_in_time' | 'refused';
  readonly detail: string;
}

/** Exactly what a decision would be on. */
export interface Selected {
  readonly items: readonly (Pick<Review, 'id' | 'path' | 'size'> & { readonly sha256: string })[];
  readonly excluded: readonly Excluded[];
  /** Over the action, and over id and SHA-256 of every item: another digest is another decision. */
  readonly digest: string;
  /** There are more than the limit. */
  readonly more: boolean;
}

export interface AnsweredAll {
  readonly decided: number;
  readonly refused: readonly Excluded[];
}

const PAGE = 500;
/** In one transaction: a tenth of a second. */
const BATCH = 250;
/** All of them are read once more, for so long at most, in ms: whoever asked waits for the answer. */
const READ_MS = 10 * 60_000;
const NOT_IN_TIME =
  'not read once more in time, and so not decided: decide on fewer at a time, or on this one by itself';

/** What the decision would be on, as of now. */
export async function selectReviews(
  store: Store,
  { action, filter, who, limit }: ReviewSelection,
): Promise<Selected> {
  const items: Selected['items'][number][] = [];
  const excluded: Excluded[] = [];
  const hash = createHash('sha256').update(`${action}\n`);
  let more = false;
  for (let after: string | undefined; ;) {
    const page = await store.reviews.list({ ...filter, state: 'open', limit: PAGE, after });
    for (const { id, path, size, sha256 } of page) {
      if (items.length + excluded.length >= limit) {
        more = true;
        break;
      }
      if (sha256 === null) excluded.push({ id, code: 'unread', detail: 'it was never read to its end' });
      else if (action === 'approve' && (await store.uploads.at(path))?.who === who)
        excluded.push({ id, code: 'own_upload', detail: 'somebody else has to approve it' });
      else {
        items.push({ id, path, size, sha256 });
        hash.update(`${id} ${sha256}\n`);
      }
    }
    after = page.at(-1)?.id;
    if (more || page.length < PAGE) return { items, excluded, digest: hash.digest('hex'), more };
    await turn();
  }
}

/**
 * Decides on everything that was selected, if that still is what it was: null when it is not. What follows is carried out by
 * whoever carries out everything else. Each item is decided as what it was seen as, or not at all; what could not be read within
 * `readMs` is not.
 */
export async function answerReviews(
  store: Store,
  selection: ReviewSelection,
  digest: string,
  { reason, remember, until }: Pick<Answer, 'reason' | 'remember' | 'until'>,
  readMs = READ_MS,
): Promise<AnsweredAll | null> {
  const selected = await selectReviews(store, selection);
  if (selected.digest !== digest) return null;
  const decision = selection.action === 'approve' ? 'auto_approve' : 'quarantine';
  const answer = { who: selection.who, reason, remember, until };
  const refused: Excluded[] = [];
  const deadline = AbortSignal.timeout(readMs);
  for (let at = 0; at < selected.items.length; at += BATCH) {
    const batch: Selected['items'][number][] = [];
    for (const item of selected.items.slice(at, at + BATCH)) {
      const detail = await unlessLate(async () => swapped(store, item, deadline), deadline);
      if (detail === null) batch.push(item);
      else if (detail === NOT_IN_TIME) refused.push({ id: item.id, code: 'not_in_time', detail });
      else refused.push({ id: item.id, ...(await refusalOf(store, item.id, detail, 'other_content')) });
    }
    try {
      await store.reviews.answerAll(batch, decision, answer);
    } catch (error) {
      if (!(error instanceof BackupLensError)) throw error;
      // Somebody was quicker with one of them: the others are decided all the same.
      for (const { id, sha256 } of batch) {
        const why = await unlessRefused(store.reviews.answer(id, decision, { ...answer, sha256 }));
        if (why !== null) refused.push({ id, ...(await refusalOf(store, id, why)) });
      }
    }
    await turn();
  }
  return { decided: selected.items.length - refused.length, refused };
}

/** As `notWhatWasSeen`; also of what was removed meanwhile. */
async function swapped(
  store: Store,
  { id, sha256 }: Selected['items'][number],
  signal: AbortSignal,
): Promise<string | null> {
  const review = await store.reviews.get(id);
  return review === null ? 'it is gone' : notWhatWasSeen(store, { ...review, sha256 }, signal);
}

/** A file system that does not answer is not waited for either; what was asked of it ends with its answer. */
async function unlessLate(look: () => Promise<string | null>, deadline: AbortSignal): Promise<string | null> {
  if (deadline.aborted) return NOT_IN_TIME;
  const late = Promise.withResolvers<string>();
  const end = (): void => late.resolve(NOT_IN_TIME);
  deadline.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([look(), late.promise]);
  } catch (error) {
    if (deadline.aborted) return NOT_IN_TIME;
    throw error;
  } finally {
    deadline.removeEventListener('abort', end);
  }
}

async function unlessRefused(answering: Promise<Review>): Promise<string | null> {
  try {
    await answering;
    return null;
  } catch (error) {
    if (error instanceof BackupLensError) return error.message;
    throw error;
  }
}

async function refusalOf(
  store: Store,
  id: string,
  why: string,
  code: 'other_content' | 'refused' = 'refused',
): Promise<Omit<Excluded, 'id'>> {
  const now = await store.reviews.get(id);
  const isOver =
    code === 'refused' ? now?.state !== 'open' : ['approved', 'rejected'].includes(now?.state ?? '');
  return isOver
    ? { code: 'already_decided', detail: `it is ${now?.state ?? 'gone'} already` }
    : { code, detail: why };
}
