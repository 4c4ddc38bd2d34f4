import { z } from 'zod';
import { UNIT_KINDS } from '../../domain/index.ts';
import { fileResult } from '../report.ts';
import {
  count,
  id,
  instant,
  kind,
  pageOf,
  paging,
  path,
  pathBase64,
  rule,
  sha256,
  since,
  under,
  until,
} from './common.ts';
import { upload } from './scans.ts';

const REVIEW_STATES = ['open', 'approved', 'rejected', 'closed'] as const;
/** Reviews with the same grounds have the same. */
const group = z.string().regex(/^[0-9a-f]{16}$/);

const answer = z.strictObject({
  who: z.string(),
  reason: z.string(),
  sha256,
  at: instant,
  remember: z.boolean(),
  until: instant.nullable(),
});

export const review = z.strictObject({
  id,
  file: id,
  scan: id.nullable(),
  path,
  path_base64: pathBase64,
  unit: z.enum(UNIT_KINDS).describe('what is held as one'),
  location: z.string().nullable().describe('where it is held, or was released to; null: it is held in place'),
  sha256: sha256.nullable(),
  size: count.nullable(),
  opened_at: instant,
  escalated_at: instant.nullable().describe('since when it has waited too long'),
  reasons: z.array(z.string()),
  rules: z.array(z.string()).describe('kind:rule of findings, gap:reason:by of gaps'),
  group,
  state: z.enum(REVIEW_STATES),
  answer: answer.nullable(),
  forgotten: z
    .strictObject({ at: instant, who: z.string() })
    .nullable()
    .describe('since when its approval is not remembered any more'),
});
export const reviewPage = pageOf(review);

/** With everything that was found: score lines, findings with trail and evidence, gaps, coverage. */
export const reviewDetail = review.extend({ upload: upload.nullable(), result: fileResult.nullable() });

const filter = {
  group: group.optional(),
  kind,
  rule,
  path: under,
  since: since.describe('held at this instant or later'),
  until: until.describe('held before this instant'),
};

export const reviewQuery = z.strictObject({
  ...paging,
  state: z.enum(REVIEW_STATES).optional(),
  ...filter,
  escalated: z.literal('true').optional().describe('only what has waited too long'),
});

export const groupQuery = z.strictObject({ ...paging });

/** Open reviews with equal grounds, the largest groups first. */
export const groupPage = pageOf(
  z.strictObject({
    group,
    reviews: count,
    bytes: count,
    rules: z.array(z.string()),
    reasons: z.array(z.string()).describe('of its oldest review'),
    oldest: instant,
    newest: instant,
  }),
).extend({ groups: count.describe('how many there are') });

/** Longer ones are essays; the journal keeps as much. */
const reason = z.string().trim().min(1).max(1000);
const remembered = {
  remember: z
    .boolean()
    .default(false)
    .describe('approve this content with these findings and gaps in future too'),
  until: instant.nullable().default(null).describe('with `remember`: until then'),
};

export const approval = z.strictObject({ reason, sha256, ...remembered });
/** CONTRACTS 5 gives one body for both; nothing is remembered of a rejection. */
export const rejection = z.strictObject({
  reason,
  sha256,
  remember: z.literal(false).default(false),
  until: z.null().default(null),
});

/** Taking back that an approval is remembered. */
export const forgetting = z.strictObject({ reason });

const disposition = z.strictObject({
  action: z.enum(['none', 'quarantined', 'held', 'released', 'failed']),
  location: z.string(),
  id: z.string().nullable(),
  detail: z.string().nullable(),
});

export const answered = review.extend({
  file_state: z.string().nullable(),
  disposition: disposition.nullable().describe('null: it is carried out as soon as may be'),
});

/** Of one bulk decision. */
export const MAX_BULK = 10_000;
const selection = z.strictObject(filter);

export const previewRequest = z.strictObject({ action: z.enum(['approve', 'reject']), filter: selection });
export const preview = z.strictObject({
  action: z.enum(['approve', 'reject']),
  digest: sha256.describe('over the action and over id and SHA-256 of every item'),
  count,
  bytes: count,
  items: z.array(z.strictObject({ id, sha256, path })),
  excluded: z
    .array(z.strictObject({ id, code: z.string(), detail: z.string() }))
    .describe('match the filter, and cannot be decided so'),
  more: z.boolean().describe(`there are more than ${MAX_BULK}: these are the oldest`),
});

export const bulkRequest = previewRequest.extend({
  digest: sha256.describe('of the preview: anything else, and nothing is done'),
  reason,
  ...remembered,
});
export const bulkAnswer = z.strictObject({
  decided: count,
  refused: z.array(z.strictObject({ id, code: z.string(), detail: z.string() })),
});
