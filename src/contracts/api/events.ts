import { z } from 'zod';
import { DECISIONS, JOURNAL_ACTIONS, VERDICTS } from '../../domain/index.ts';
import { count, figure, instant, sha256 } from './common.ts';

/** `data` of one server-sent event: a record of the journal. Its `event` is the action, its `id` the number. */
export const journalEvent = z.strictObject({
  seq: count,
  hash: sha256.describe('of this record; the next one names it'),
  time: instant,
  who: z.string(),
  action: z.enum(JOURNAL_ACTIONS),
  file: z.string().nullable(),
  item: z.string().nullable(),
  path: z.string().nullable(),
  path_base64: z.string().nullable(),
  sha256: sha256.nullable(),
  decision: z.enum(DECISIONS).nullable(),
  verdict: z.enum(VERDICTS).nullable(),
  detail: z.string().nullable(),
});
export type JournalEvent = z.infer<typeof journalEvent>;

export const eventQuery = z.strictObject({
  after: figure(0, Number.MAX_SAFE_INTEGER, {
    description:
      'the last record that is known, for clients that cannot send Last-Event-ID; else: from now on',
  }),
});
