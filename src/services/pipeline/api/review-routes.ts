import { OPERATIONS } from '../../../contracts/index.ts';
import { addOperation, HttpError, type Identity, type Server } from '../../../http/index.ts';
import { approve, reject, type Answered } from '../../../pipeline/reviews/index.ts';
import type { ReviewFilter, ReviewGroup } from '../../../store/index.ts';
import { page, pageBy } from './page.ts';
import type { Served } from './served.ts';
import { shownReview, shownUpload } from './shown.ts';

/** The largest first: its number of reviews and its name say where a group stands. */
const BY_SIZE = {
  of: ({ reviews, group }: ReviewGroup) => `${reviews} ${group}`,
  read: (text: string) => {
    const [, reviews, group] = /^(\d{1,15}) ([0-9a-f]{16})$/.exec(text) ?? [];
    return reviews === undefined || group === undefined ? null : { reviews: Number(reviews), group };
  },
};

/** What waits for a person, and what that person says. */
export function addReviews(app: Server, { store, carriesOut }: Served): void {
  addOperation(app, OPERATIONS.listReviews, async ({ query }) => {
    const { limit: _, cursor: __, ...asked } = query;
    const body = await page(
      query,
      async ({ limit, last: after }) => store.reviews.list({ ...filterOf(asked), limit, after }),
      shownReview,
    );
    return body;
  });
  addOperation(app, OPERATIONS.listReviewGroups, async ({ query }) => {
    const body = await pageBy(
      BY_SIZE,
      query,
      async ({ limit, last: after }) => store.reviews.groups({ limit, after }),
      ({ rules, reasons, ...group }) => ({ ...group, rules: [...rules], reasons: [...reasons] }),
    );
    return { ...body, groups: await store.reviews.countGroups() };
  });
  addOperation(app, OPERATIONS.getReview, async ({ params: { id } }) => {
    const review = await store.reviews.get(id);
    if (review === null) throw noReview();
    const result = review.scan === null ? null : ((await store.scans.get(review.scan))?.result ?? null);
    const upload = shownUpload(await store.uploads.at(review.path));
    return { ...shownReview(review), upload, result };
  });
  addOperation(app, OPERATIONS.approveReview, async ({ params: { id }, body, who, request }) => {
    const answer = { ...body, who: nameOf(who, request.headers) };
    return answered(await approve(store, id, answer, carriesOut));
  });
  addOperation(app, OPERATIONS.rejectReview, async ({ params: { id }, body, who, request }) => {
    const { reason, sha256 } = body;
    const answer = { reason, sha256, who: nameOf(who, request.headers) };
    return answered(await reject(store, id, answer, carriesOut));
  });
  addOperation(app, OPERATIONS.forgetReview, async ({ params: { id }, body: { reason }, who, request }) => {
    const forgotten = await store.reviews.forget(id, { reason, who: nameOf(who, request.headers) });
    if (forgotten !== null) return shownReview(forgotten);
    if ((await store.reviews.get(id)) === null) throw noReview();
    throw new HttpError(409, 'its approval is not remembered', 'not_remembered');
  });
}

/** Of a query, or of what is to be decided together. */
export function filterOf({
  path,
  escalated,
  ...rest
}: Omit<ReviewFilter, 'under' | 'escalated'> & {
  readonly path?: string | undefined;
  readonly escalated?: 'true' | undefined;
}): ReviewFilter {
  return {
    ...rest,
    under: path === undefined ? undefined : Buffer.from(path),
    escalated: escalated === undefined ? undefined : true,
  };
}

const MAX_NAME = 128;

/** Whoever has the token of DATA_DIR has the store, and says who they are. */
export function nameOf({ name, local }: Identity, headers: Readonly<Record<string, unknown>>): string {
  const user = headers['backuplens-user'];
  return local && typeof user === 'string' && user !== '' ? user.slice(0, MAX_NAME) : name;
}

function answered(given: Answered) {
  switch (given.status) {
    case 'missing':
      throw noReview();
    case 'over':
      throw new HttpError(409, `it is ${given.review.state} already`, 'already_decided');
    case 'other_content':
      throw new HttpError(409, 'what is held is not the file with that SHA-256', 'other_content');
    case 'swapped':
      throw new HttpError(409, `what lies there is not what was looked at: ${given.why}`, 'other_content');
    case 'unread':
      throw new HttpError(409, 'what is held was never read to its end', 'unread');
    case 'own_upload':
      throw new HttpError(409, 'who uploaded a file cannot approve it: somebody else has to', 'own_upload');
    case 'answered': {
      const { review, file, disposition } = given;
      return { ...shownReview(review), file_state: file.state, disposition };
    }
    default:
      return given satisfies never;
  }
}

function noReview(): HttpError {
  return new HttpError(404, 'there is no such review');
}
