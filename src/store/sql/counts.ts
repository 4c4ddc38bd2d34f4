import type { Kysely } from 'kysely';
import type { StoreCounts } from '../store.ts';
import { FILE_STATES, LANES } from '../watched-file.ts';
import { setting } from './settings.ts';
import type { Tables } from './tables.ts';
import { REJECTED, RESTORED } from './in-place.ts';
import { unrestOf } from './unsettled-list.ts';

export async function countsOf(db: Kysely<Tables>, now: string): Promise<StoreCounts> {
  const files = zeros(FILE_STATES);
  const states = await db
    .selectFrom('files')
    .select((select) => ['state', select.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  for (const { state, count: sum } of states) files[state] = sum;
  const waiting = zeros(LANES);
  const lanes = await db
    .selectFrom('files')
    .select((select) => ['lane', select.fn.countAll<number>().as('count')])
    .where('state', '=', 'waiting')
    .groupBy('lane')
    .execute();
  for (const { lane, count: sum } of lanes) waiting[lane] = sum;
  const all = db.selectFrom('files');
  const unrest = await unrestOf(db);
  const unapproved = all
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('state', '=', 'in_place')
    .where('decision', '!=', 'auto_approve');
  return {
    files,
    waiting,
    in_place_rejected: await count(unapproved.where('detail', 'like', `${REJECTED}%`).executeTakeFirst()),
    in_place_restored: await count(unapproved.where('detail', 'like', `${RESTORED}%`).executeTakeFirst()),
    attacked_folders: await count(
      db
        .selectFrom('attacks')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('until_at', '>', now)
        .executeTakeFirst(),
    ),
    suspect: await count(
      all
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', '=', 'waiting')
        .where('suspect', '=', 1)
        .executeTakeFirst(),
    ),
    open_reviews: await count(
      db
        .selectFrom('reviews')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', '=', 'open')
        .executeTakeFirst(),
    ),
    escalated_reviews: await count(
      db
        .selectFrom('reviews')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', '=', 'open')
        .where('escalated_at', 'is not', null)
        .executeTakeFirst(),
    ),
    quarantined: await count(
      db
        .selectFrom('items')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('kind', '=', 'quarantine')
        .where('present', '=', 1)
        .executeTakeFirst(),
    ),
    unfinished_dispositions: await count(
      db
        .selectFrom('dispositions')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', 'in', ['intended', 'claimed', 'done'])
        .executeTakeFirst(),
    ),
    unsettled: unrest.files,
    begun_sets: unrest.begun_sets,
    hooks_waiting: await count(
      db
        .selectFrom('release_calls')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', '=', 'waiting')
        .executeTakeFirst(),
    ),
    hooks_failed: await count(
      db
        .selectFrom('release_calls')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('state', '=', 'failed')
        .executeTakeFirst(),
    ),
    oldest_unsettled: unrest.oldest_at,
    oldest_hook: await first(
      db
        .selectFrom('release_calls')
        .select((select) => select.fn.min('first_at').as('at'))
        .executeTakeFirst(),
    ),
    oldest_waiting: await first(
      all
        .select('accepted_at as at')
        .where('state', '=', 'waiting')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst(),
    ),
    oldest_provisional: await first(
      all
        .select((select) => select.fn.min('provisional_since').as('at'))
        .where('state', '=', 'provisional')
        .executeTakeFirst(),
    ),
    oldest_review: await first(
      db
        .selectFrom('reviews')
        .select('opened_at as at')
        .where('state', '=', 'open')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst(),
    ),
    last_accepted: await first(
      all.select('accepted_at as at').orderBy('id', 'desc').limit(1).executeTakeFirst(),
    ),
    last_decided: await first(
      // Another judgement of an old scan is no scan.
      db
        .selectFrom('scans')
        .select((select) => select.fn.max('finished_at').as('at'))
        .executeTakeFirst(),
    ),
    last_canary_ok: await setting(db, 'canary_ok'),
    journal_records:
      (await db.selectFrom('journal').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst())
        ?.seq ?? 0,
  };
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  // Every name gets its zero here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}

async function count(rows: Promise<{ readonly count: number } | undefined>): Promise<number> {
  return (await rows)?.count ?? 0;
}

async function first(rows: Promise<{ readonly at: string | null } | undefined>): Promise<string | null> {
  return (await rows)?.at ?? null;
}
