import { resolve } from 'node:path';
import type { Folders } from '../config/folders/index.ts';
import { programVersion } from '../config/start/index.ts';
import {
  answered,
  bulkAnswer,
  deleted,
  MAX_BULK,
  OPERATIONS,
  restored,
  review as reviewAnswer,
  type Problem,
} from '../contracts/index.ts';
import { deleteFromQuarantine, restoreFromQuarantine, type Restored } from '../dispose/index.ts';
import { BackupLensError } from '../domain/index.ts';
import {
  answerReviews,
  approve,
  carryOut,
  reject,
  type Answered,
  type CarryOutOptions,
  type ReviewAnswer,
} from '../pipeline/reviews/index.ts';
import type { Review, ReviewFilter, Store } from '../store/index.ts';
import { operatingSystemUser } from './os-user.ts';
import { findService, type ServiceClient } from './service-client.ts';
import { withReader, withStore, type SessionOptions } from './store-session.ts';

export interface RestoreFlags {
  readonly to?: string | undefined;
  readonly keep: boolean;
  readonly withPrivileges: boolean;
  /** Empty: none was given. */
  readonly reason: string;
}

export interface DecidedAll {
  readonly decided: number;
  readonly refused: readonly { readonly id: string; readonly code: string; readonly detail: string }[];
  /** Of how many what follows could not be carried out yet; null: the service does that afterwards. */
  readonly left: number | null;
}

/** What changes something, done by whoever has the store: this command, or the service that runs. */
export interface Hands {
  answer(verb: 'approve' | 'reject', id: string, given: Omit<ReviewAnswer, 'who'>): Promise<Answered>;
  /** Decides on all that the filter finds, if its digest still is that; null: it is not. */
  decide(
    action: 'approve' | 'reject',
    filter: ReviewFilter,
    given: Pick<ReviewAnswer, 'reason' | 'remember' | 'until'> & { readonly digest: string },
  ): Promise<DecidedAll | null>;
  /** Takes back that an approval is remembered; null: it is not. */
  forget(id: string, reason: string): Promise<Review | null>;
  restore(id: string, flags: RestoreFlags): Promise<Restored>;
  /** False: there is no such item. */
  remove(id: string, reason: string): Promise<boolean>;
}

/** Works on the store, which is only to be read: what changes something is for the hands. */
export async function withHands<T>(
  options: SessionOptions,
  work: (store: Store, hands: Hands) => Promise<T>,
): Promise<T> {
  const { folders } = options;
  const service = await findService(folders.dataDir);
  if (service === null) return withStore(options, async (store) => work(store, ownHands(store, folders)));
  return withReader(
    folders,
    async (store) => work(store, servicesHands(store, service)),
    () => {
      throw new BackupLensError('BL_STORE', `a service runs, but there is no store in ${folders.dataDir}`);
    },
  );
}

function ownHands(store: Store, folders: Folders): Hands {
  const who = operatingSystemUser();
  const means = { places: folders, who, toolVersion: programVersion(), breaker: null };
  const verbs = { approve, reject };
  return {
    answer: async (verb, id, given) =>
      verbs[verb](store, id, { ...given, who }, (file) => carryOut(store, file, means)),
    decide: async (action, filter, { digest, ...given }) => {
      const done = await answerReviews(store, { action, filter, who, limit: MAX_BULK }, digest, given);
      return done === null ? null : { ...done, left: await carryOutAll(store, means) };
    },
    forget: async (id, reason) => store.reviews.forget(id, { who, reason }),
    restore: async (item, { to, keep, withPrivileges, reason }) =>
      restoreFromQuarantine({
        ledger: store.ledger,
        item,
        roots: folders.restoreRoots,
        managed: {
          DATA_DIR: folders.dataDir,
          QUARANTINE_DIR: folders.quarantineDir,
          REVIEW_DIR: folders.reviewDir,
          APPROVED_DIR: folders.approvedDir,
        },
        who,
        why: reason === '' ? null : reason,
        keep,
        withPrivileges,
        ...(to === undefined ? {} : { to }),
      }),
    remove: async (item, reason) => deleteFromQuarantine({ ledger: store.ledger, item, who, reason }),
  };
}

/** Files that are taken up together. */
const BATCH = 64;

/** Resolves to how many could not be dealt with yet. What could not is not `decided` any more, and is not met again. */
async function carryOutAll(store: Store, means: CarryOutOptions): Promise<number> {
  let left = 0;
  for (;;) {
    const files = await store.files.decided(BATCH);
    if (files.length === 0) return left;
    for (const file of files) if ((await carryOut(store, file, means)).action === 'failed') left++;
  }
}

function servicesHands(store: Store, service: ServiceClient): Hands {
  return {
    answer: async (verb, id, { reason, sha256, remember, until }) => {
      const operation = verb === 'approve' ? OPERATIONS.approveReview : OPERATIONS.rejectReview;
      const body = { reason, sha256: sha256.toLowerCase(), remember, until };
      const said = await service.ask(operation, answered, { id, body });
      const review = await store.reviews.get(id);
      if (review === null) return { status: 'missing' };
      if (!said.ok) return refusal(said.problem, review, sha256.toLowerCase());
      const file = await store.files.get(review.file);
      const { disposition } = said.body;
      if (file === null || disposition === null) return { status: 'missing' };
      return { status: 'answered', review, file, disposition };
    },
    decide: async (action, { under, ...filter }, given) => {
      const path = under === undefined ? {} : { path: Buffer.from(under).toString() };
      const body = { action, filter: { ...filter, ...path }, ...given };
      const said = await service.ask(OPERATIONS.decideReviews, bulkAnswer, { id: '', body });
      if (said.ok) return { ...said.body, left: null };
      if (said.problem.code === 'changed') return null;
      throw refused(said.problem);
    },
    forget: async (id, reason) => {
      const said = await service.ask(OPERATIONS.forgetReview, reviewAnswer, { id, body: { reason } });
      if (!said.ok && ![404, 409].includes(said.problem.status)) throw refused(said.problem);
      return said.ok ? store.reviews.get(id) : null;
    },
    restore: async (id, { to, keep, withPrivileges: with_privileges, reason }) => {
      const body = {
        keep,
        with_privileges,
        ...(reason === '' ? {} : { reason }),
        ...(to === undefined ? {} : { to: resolve(to) }),
      };
      const said = await service.ask(OPERATIONS.restoreQuarantined, restored, { id, body });
      if (said.ok) {
        const { location, sha256, size } = said.body;
        return { status: 'restored', location: Buffer.from(location), sha256, size };
      }
      const { code, status, detail } = said.problem;
      if (status === 404) return { status: 'missing' };
      if (code === 'damaged') return { status: 'damaged', reason: detail };
      throw refused(said.problem);
    },
    remove: async (id, reason) => {
      const body = { reason };
      const said = await service.ask(OPERATIONS.deleteQuarantined, deleted, { id, body });
      if (!said.ok && said.problem.status !== 404) throw refused(said.problem);
      return said.ok;
    },
  };
}

function refusal(
  problem: Problem,
  review: Extract<Answered, { readonly status: 'over' }>['review'],
  sha256: string,
): Answered {
  switch (problem.code) {
    case 'not_found':
      return { status: 'missing' };
    case 'already_decided':
      return { status: 'over', review };
    case 'other_content':
      return review.sha256 === sha256
        ? { status: 'swapped', review, why: problem.detail }
        : { status: 'other_content', review };
    case 'unread':
    case 'own_upload':
      return { status: problem.code, review };
    default:
      throw refused(problem);
  }
}

function refused({ status, detail, errors = [] }: Problem): BackupLensError {
  const words = [detail, ...errors.map(({ at, detail: why }) => `${at}: ${why}`)].join('; ');
  return new BackupLensError(status === 400 ? 'BL_USAGE' : 'BL_DISPOSITION', `the service refuses: ${words}`);
}
