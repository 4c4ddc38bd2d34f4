import { z } from 'zod';
import { DECISIONS } from '../../domain/index.ts';
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

export const quarantineItem = z.strictObject({
  id,
  file: id.nullable(),
  path: path.describe('where it came from'),
  path_base64: pathBase64,
  location: z.string(),
  size: count,
  sha256,
  taken_at: instant,
  decision: z.enum(DECISIONS),
  verdict: z.string(),
  score: count,
  reasons: z.array(z.string()),
  rules: z.array(z.string()),
});
export const quarantinePage = pageOf(quarantineItem);

export const quarantineDetail = quarantineItem.extend({
  mode: z.string().describe('octal'),
  uid: z.int(),
  gid: z.int(),
  mtime: instant,
  other_names: count.describe('hard links that were left where they were'),
  upload: upload.nullable(),
  result: fileResult.nullable(),
});

export const quarantineQuery = z.strictObject({
  ...paging,
  kind,
  rule,
  path: under,
  since: since.describe('taken at this instant or later'),
  until: until.describe('taken before this instant'),
});

const why = z.string().trim().min(1).max(1000);

/** An empty body is one without any of it. */
export const restoreRequest = z
  .strictObject({
    to: z.string().min(1).max(4096).startsWith('/').optional().describe('its new name; where it came from'),
    keep: z.boolean().default(false).describe('leave it in quarantine as well'),
    with_privileges: z.boolean().default(false).describe('with setuid, setgid, sticky and file capabilities'),
    reason: why.optional(),
  })
  .optional()
  .transform((body) => body ?? { keep: false, with_privileges: false });

export const restored = z.strictObject({ id, location: z.string(), sha256, size: count, kept: z.boolean() });

export const deleteRequest = z
  .strictObject({ reason: why.optional() })
  .optional()
  .transform((body) => body ?? {});

export const deleted = z.strictObject({ id, deleted: z.literal(true) });
