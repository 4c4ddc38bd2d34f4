import { z } from 'zod';
import { DECISIONS, VERDICTS } from '../../domain/index.ts';
import { engines, fileResult } from '../report.ts';
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

/** Who brought a file in over the API, and under which name: names of others are data, and never a path. */
export const upload = z.strictObject({ name: z.string(), who: z.string(), at: instant });

export const scanSummary = z.strictObject({
  id,
  file: id.describe('what was scanned; one file may be scanned again'),
  status: z.literal('finished'),
  path,
  path_base64: pathBase64,
  started_at: instant,
  finished_at: instant,
  decision: z.enum(DECISIONS),
  verdict: z.enum(VERDICTS),
  score: count,
  provisional: z.boolean(),
  size: count.nullable(),
  sha256: sha256.nullable(),
  policy_sha256: sha256,
  tool_version: z.string(),
});

/** With everything that was found, what was not looked at, and what became of the file. */
const finishedScan = scanSummary.extend({
  state: z.string().describe('of the file: held, quarantined, released …'),
  location: z.string().nullable().describe('where the file is now; null: at its path'),
  upload: upload.nullable(),
  engines: engines.nullable(),
  result: fileResult.nullable().describe('null once its time is over (retention)'),
});

/** An uploaded file, or one that was met, before it is scanned. */
const pendingScan = z.strictObject({
  id: id.describe('of the file; ask for it until it is finished'),
  file: id,
  status: z.enum(['waiting', 'scanning', 'ended']),
  path,
  path_base64: pathBase64,
  accepted_at: instant,
  upload: upload.nullable(),
});

export const scanAnswer = z.discriminatedUnion('status', [finishedScan, pendingScan]);
export const scanPage = pageOf(scanSummary);

/** 202 of an upload. */
export const uploadAnswer = pendingScan.extend({ size: count, sha256 });

export const scanQuery = z.strictObject({
  ...paging,
  decision: z.enum(DECISIONS).optional(),
  kind,
  rule,
  path: under,
  sha256: sha256.optional(),
  file: id.optional(),
  since: since.describe('finished at this instant or later'),
  until: until.describe('finished before this instant'),
});
