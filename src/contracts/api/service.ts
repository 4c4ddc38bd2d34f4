import { z } from 'zod';
import { count, instant, sha256 } from './common.ts';

export const health = z.strictObject({ status: z.literal('healthy'), version: z.string() });

const engineState = z.strictObject({ status: z.string(), detail: z.string().nullable() });

const sinkState = z.strictObject({
  state: z.enum(['new', 'ok', 'failing', 'refused', 'off']),
  lag: count.describe('records of the journal that are before it'),
  waiting_since: instant.nullable().describe('when the oldest event that has not arrived happened'),
  failures: count.describe('in a row'),
  detail: z.string().nullable(),
});
const sinks = z.record(z.string(), sinkState).describe('receivers of events, by name');

export const readiness = z.strictObject({
  status: z.enum(['ready', 'not_ready']),
  store: z.string(),
  engines: z.record(z.string(), engineState),
  intake: z.enum(['starting', 'watching', 'paused', 'away', 'stopping']),
  sinks,
});

export const stats = z.strictObject({
  version: z.string(),
  instance_id: z.string(),
  files: z.record(z.string(), count).describe('by state'),
  waiting: z.record(z.string(), count).describe('by lane'),
  in_place_rejected: count.describe('of the files in place, sets that were rejected'),
  in_place_restored: count.describe('of the files in place, brought back from quarantine and not approved'),
  attacked_folders: count.describe('top folders under an attack that encrypts'),
  suspect: count,
  open_reviews: count,
  escalated_reviews: count,
  quarantined: count,
  unfinished_dispositions: count,
  unsettled: count.describe('in the watched folder and not at rest'),
  begun_sets: count.describe('of these, folders that look like the beginning of a set'),
  hooks_waiting: count.describe('approvals that the release hook is to be told of again'),
  hooks_failed: count,
  oldest_waiting: instant.nullable(),
  oldest_provisional: instant.nullable(),
  oldest_review: instant.nullable(),
  oldest_unsettled: instant.nullable(),
  oldest_hook: instant.nullable(),
  last_file_seen: instant.nullable(),
  last_decision: instant.nullable(),
  last_canary_ok: instant.nullable().describe('when clamd last found its canary'),
  journal_records: count,
  journal_head: sha256,
  engines: z.record(z.string(), engineState),
  sinks,
  event_clients: count,
});

export const openapiDocument = z.looseObject({ openapi: z.string() });
