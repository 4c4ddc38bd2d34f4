import { nameFromBytes } from '../../../bytes/index.ts';
import { MAX_BULK, OPERATIONS } from '../../../contracts/index.ts';
import { BackupLensError } from '../../../domain/index.ts';
import { addOperation, HttpError, type Server } from '../../../http/index.ts';
import { answerReviews, selectReviews } from '../../../pipeline/reviews/index.ts';
import { filterOf, nameOf } from './review-routes.ts';
import type { Served } from './served.ts';

/** Decisions on many, in two steps: what it would be on, and then exactly that. */
export function addBulk(app: Server, served: Served): void {
  const { store } = served;
  addOperation(app, OPERATIONS.previewReviews, async ({ body: { action, filter }, who, request }) => {
    const selection = {
      action,
      filter: filterOf(filter),
      who: nameOf(who, request.headers),
      limit: MAX_BULK,
    };
    const { items, excluded, digest, more } = await selectReviews(store, selection);
    const shown = items.map(({ id, sha256, path }) => ({ id, sha256, path: nameFromBytes(path) }));
    const bytes = items.reduce((sum, { size }) => sum + (size ?? 0), 0);
    return { action, digest, count: items.length, bytes, items: shown, excluded: [...excluded], more };
  });
  addOperation(app, OPERATIONS.decideReviews, async ({ body, who, request }) => {
    const { action, filter, digest, ...answer } = body;
    if (action === 'reject' && answer.remember)
      throw new BackupLensError('BL_USAGE', 'nothing is remembered of a rejection');
    const selection = {
      action,
      filter: filterOf(filter),
      who: nameOf(who, request.headers),
      limit: MAX_BULK,
    };
    const done = await answerReviews(store, selection, digest, answer);
    if (done === null) {
      throw new HttpError(409, 'this is no longer what the preview showed: look at it again', 'changed');
    }
    served.decidedMany();
    return { decided: done.decided, refused: [...done.refused] };
  });
}
