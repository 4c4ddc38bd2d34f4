/**
 * Every point between two changes on disk, in the order of a disposition that stores (quarantine, hold), one that
 * places (release), a restoration and a deletion. A crash may come at any of them.
 */
export const DISPOSITION_STEPS = [
  'intent',
  'claim_folder',
  'claimed',
  'checked',
  'copied',
  'reported',
  'stored',
  'journalled',
  'original_removed',
  'claim_removed',
  'source_removed',
  'done',
] as const;
export const RELEASE_STEPS = [
  'intent',
  'claim_folder',
  'claimed',
  'checked',
  'copied',
  'placed',
  'journalled',
  'original_removed',
  'claim_removed',
  'source_removed',
  'draft_removed',
  'done',
] as const;
export const RESTORE_STEPS = [
  'intent',
  'copied',
  'placed',
  'journalled',
  'removed',
  'draft_removed',
  'done',
] as const;
export const DELETE_STEPS = ['intent', 'journalled', 'removed', 'done'] as const;

/** The same of what brings them to their end after a crash: the next one may come at any of these. */
const RECOVERY_STEPS = [
  'put_back',
  'withdrawn',
  'recorded',
  'original_removed',
  'claim_removed',
  'source_removed',
  'draft_removed',
  'item_removed',
] as const;

export type Step = (
  | typeof DISPOSITION_STEPS
  | typeof RELEASE_STEPS
  | typeof RESTORE_STEPS
  | typeof DELETE_STEPS
  | typeof RECOVERY_STEPS
)[number];

/** Told of each step once it is on disk, and waited for. Tests end the process here, or meddle with the files. */
export type OnStep = (step: Step) => void | Promise<void>;

/** What a caller gets who gives none. */
export const unwatched: OnStep = () => undefined;
