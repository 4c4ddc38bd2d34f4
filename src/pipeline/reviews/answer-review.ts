import { BackupLensError } from '../../domain/index.ts';
import type { Disposition } from '../../dispose/index.ts';
import type { Answer, Review, Store, WatchedFile } from '../../store/index.ts';
import { notWhatWasSeen } from './seen-content.ts';

/** What a person says of something that is held. */
export type ReviewAnswer = Omit<Answer, 'at'>;

/** Carries out what follows from an answer. Whoever runs the service has one that carries out everything. */
export type CarriesOut = (file: WatchedFile) => Promise<Disposition>;

export type Answered =
  /** Written down; `disposition.action` is `failed` where what follows could not be carried out yet. */
  | {
      readonly status: 'answered';
      readonly review: Review;
      readonly file: WatchedFile;
      readonly disposition: Disposition;
    }
  | { readonly status: 'missing' }
  /** Answered before, otherwise, or closed: what was held is no longer there. */
  | { readonly status: 'over'; readonly review: Review }
  /** The SHA-256 that was given is not that of what is held: nothing was written down (ATTACKS A20). */
  | { readonly status: 'other_content'; readonly review: Review }
  /** What lies there is not what is held by that SHA-256 any more: nothing was written down (ATTACKS A11, A20). */
  | { readonly status: 'swapped'; readonly review: Review; readonly why: string }
  /** It was never read to its end: there is nothing that could be approved or rejected. */
  | { readonly status: 'unread'; readonly review: Review }
  /** Who uploaded it wants to approve it (ATTACKS A20). */
  | { readonly status: 'own_upload'; readonly review: Review };

/** What is held is what it should be: it is given back, or stays as approved. `id` is whole. */
export async function approve(
  store: Store,
  id: string,
  answer: ReviewAnswer,
  carriesOut: CarriesOut,
): Promise<Answered> {
  return answerReview(store, id, 'auto_approve', answer, carriesOut);
}

/** What is held must not be used: it goes into quarantine. `id` is whole. */
export async function reject(
  store: Store,
  id: string,
  answer: Omit<ReviewAnswer, 'remember' | 'until'>,
  carriesOut: CarriesOut,
): Promise<Answered> {
  return answerReview(store, id, 'quarantine', { ...answer, remember: false, until: null }, carriesOut);
}

/**
 * The same answer once more carries out what could not be done the first time. Throws BL_USAGE without a reason, or with an end
 * of what is not remembered; BL_STORE when nothing can be written down.
 */
async function answerReview(
  store: Store,
  id: string,
  decision: 'auto_approve' | 'quarantine',
  given: ReviewAnswer,
  carriesOut: CarriesOut,
): Promise<Answered> {
  const answer = checked(given);
  const before = await store.reviews.get(id);
  if (before === null) return { status: 'missing' };
  if (before.sha256 !== null && before.sha256 !== answer.sha256)
    return { status: 'other_content', review: before };
  if (before.sha256 === null) return { status: 'unread', review: before };
  const isRepeated = await waitsForItsEffect(store, before, decision);
  if (before.state !== 'open' && !isRepeated) return { status: 'over', review: before };
  if (decision === 'auto_approve' && (await store.uploads.at(before.path))?.who === answer.who)
    return { status: 'own_upload', review: before };
  if (!isRepeated) {
    const why = await notWhatWasSeen(store, before);
    if (why !== null) return refusedOnce(store, before, why);
  }
  const review = isRepeated ? before : await answeredOnce(store, id, decision, answer);
  if ('status' in review) return review;
  const file = await store.files.get(review.file);
  if (file === null) return { status: 'missing' };
  const disposition = await carriesOut(file);
  return { status: 'answered', review, file: (await store.files.get(file.id)) ?? file, disposition };
}

/** Two may answer at the same time: the store takes the first. */
async function answeredOnce(
  store: Store,
  id: string,
  decision: 'auto_approve' | 'quarantine',
  answer: ReviewAnswer,
): Promise<Review | Extract<Answered, { readonly status: 'missing' | 'over' }>> {
  try {
    return await store.reviews.answer(id, decision, answer);
  } catch (error) {
    const now = await store.reviews.get(id);
    if (now === null) return { status: 'missing' };
    if (now.state !== 'open') return { status: 'over', review: now };
    throw error;
  }
}

/** Whoever was quicker may have had it moved while it was read. */
async function refusedOnce(store: Store, before: Review, why: string): Promise<Answered> {
  const review = await store.reviews.get(before.id);
  return review === null || !['approved', 'rejected'].includes(review.state)
    ? { status: 'swapped', review: review ?? before, why }
    : { status: 'over', review };
}

function checked({ who, reason, sha256, remember, until }: ReviewAnswer): ReviewAnswer {
  if (reason.trim() === '') {
    throw new BackupLensError('BL_USAGE', 'a reason is needed', { hint: 'say why with --reason' });
  }
  if (until !== null && !remember) {
    throw new BackupLensError('BL_USAGE', 'an end is given for what is not to be remembered', {
      hint: 'give --until together with --remember, or leave it out',
    });
  }
  return { who, reason: reason.trim(), sha256: sha256.toLowerCase(), remember, until };
}

/** Given before, and what it asks for could not be done then. */
async function waitsForItsEffect(
  store: Store,
  { state, file: id }: Review,
  decision: 'auto_approve' | 'quarantine',
): Promise<boolean> {
  if (state !== (decision === 'auto_approve' ? 'approved' : 'rejected')) return false;
  await store.files.retryPending();
  const file = await store.files.get(id);
  return file?.state === 'decided' && file.decision === decision;
}
