import { expressionBuilder, type Kysely } from 'kysely';
import { rulesOf, seenOf } from '../../contracts/plain/index.ts';
import { BackupLensError, newId } from '../../domain/index.ts';
import type {
  Answer,
  Remembered,
  Review,
  ReviewFilter,
  ReviewGroup,
  GroupStanding,
  ReviewList,
} from '../review-list.ts';
import { only, read, write, type Context, type Trx } from './context.ts';
import { change, rowOf, tell } from './file-changes.ts';
import { groupOf } from './grounds.ts';
import { idPatterns, MAX_FOUND } from './id-patterns.ts';
import { append } from './journal.ts';
import { beginningWith } from './path-range.ts';
import { unpackReport } from './report-blob.ts';
import type { FileRow, Tables } from './tables.ts';

/** Reasons of one review: as many as a person reads. */
const MAX_REASONS = 40;
/** Of one content: more than people ever give. */
const MAX_REMEMBERED = 20;

/**
 * Somebody has to look at a file: it is held, or should not have been released. One that is asked about already keeps its question.
 * `because`: what comes before the reasons of its scan.
 */
export async function openReview(
  trx: Trx,
  { now }: Context,
  file: FileRow,
  id: string,
  location: Uint8Array | null,
  because: readonly string[] = [],
): Promise<string> {
  const open = await trx
    .selectFrom('reviews')
    .select('id')
    .where('file', '=', file.id)
    .where('state', '=', 'open')
    .executeTakeFirst();
  if (open !== undefined) {
    await trx.updateTable('reviews').set({ location }).where('id', '=', open.id).execute();
    return open.id;
  }
  const scan =
    file.scan === null
      ? undefined
      : await trx
          .selectFrom('scans')
          .select(['report', 'size'])
          .where('id', '=', file.scan)
          .executeTakeFirst();
  const result = scan?.report === undefined || scan.report === null ? null : unpackReport(scan.report);
  const rules = result === null ? [] : rulesOf(result);
  await trx
    .insertInto('reviews')
    .values({
      id,
      file: file.id,
      scan: file.scan,
      path: file.path,
      unit: file.unit,
      location,
      sha256: file.sha256,
      size: scan?.size ?? null,
      opened_at: now().toISOString(),
      reasons: JSON.stringify([...because, ...(result?.reasons ?? [])].slice(0, MAX_REASONS)),
      rules: JSON.stringify(rules),
      grounds: groupOf(rules),
      state: 'open',
      who: null,
      reason: null,
      answered_sha256: null,
      answered_at: null,
      remember: 0,
      until_at: null,
      escalated_at: null,
      forgotten_at: null,
      forgotten_by: null,
    })
    .execute();
  const named = rules.map((name) => {
    const colon = name.indexOf(':');
    return { kind: name.slice(0, colon), rule: name.slice(colon + 1), review: id };
  });
  if (named.length > 0) await trx.insertInto('review_rules').values(named).execute();
  return id;
}

export class SqlReviewList implements ReviewList {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async holdInPlace(file: string, detail: string | null): Promise<Review> {
    return write(this.#context, async (trx) => {
      const row = await rowOf(trx, file);
      if (!['decided', 'disposition_pending', 'provisional'].includes(row.state)) {
        throw new BackupLensError('BL_STORE', `${file} is ${row.state}, and cannot be held`);
      }
      const location = row.at_path === 1 ? null : row.location;
      const id = await openReview(trx, this.#context, row, newId(this.#context.now()), location);
      await change(trx, this.#context, file, { state: 'held', provisional_since: null, detail });
      await tell(trx, this.#context, row, 'held', detail ?? 'in place');
      return reviewOf(await oneOf(trx, id));
    });
  }

  async list(options: Parameters<ReviewList['list']>[0]): Promise<readonly Review[]> {
    const rows = await read(this.#context, async (db) => pageOf(db, options));
    return rows.map(reviewOf);
  }

  async groups({ limit, after }: Parameters<ReviewList['groups']>[0]): Promise<readonly ReviewGroup[]> {
    return read(this.#context, async (db) => {
      let query = db
        .selectFrom('reviews')
        .select((select) => [
          'grounds',
          select.fn.countAll<number>().as('reviews'),
          select.fn.sum<number | null>('size').as('bytes'),
          select.fn.min('id').as('first'),
          select.fn.min('opened_at').as('oldest'),
          select.fn.max('opened_at').as('newest'),
        ])
        .where('state', '=', 'open')
        .groupBy('grounds')
        .orderBy('reviews', 'desc')
        .orderBy('grounds')
        .limit(limit);
      if (after !== undefined) {
        query = query.having((having) => {
          const reviews = having.fn.countAll<number>();
          return having.or([
            having(reviews, '<', after.reviews),
            having.and([having(reviews, '=', after.reviews), having('grounds', '>', after.group)]),
          ]);
        });
      }
      const found = await query.execute();
      const firsts = found.map(({ first }) => first);
      const shown =
        firsts.length === 0
          ? []
          : await db
              .selectFrom('reviews')
              .select(['id', 'rules', 'reasons'])
              .where('id', 'in', firsts)
              .execute();
      const oldestOf = new Map(shown.map((one) => [one.id, one]));
      return found.map(({ grounds: group, reviews, bytes, first, oldest, newest }) => {
        const one = oldestOf.get(first);
        const rules: string[] = JSON.parse(one?.rules ?? '[]');
        const reasons: string[] = JSON.parse(one?.reasons ?? '[]');
        return { group, reviews, bytes: bytes ?? 0, rules, reasons, oldest, newest };
      });
    });
  }

  async countGroups(): Promise<number> {
    const found = await read(this.#context, (db) =>
      db
        .selectFrom('reviews')
        .select((select) => select.fn.count<number>('grounds').distinct().as('groups'))
        .where('state', '=', 'open')
        .executeTakeFirst(),
    );
    return found?.groups ?? 0;
  }

  async standing(group: string): Promise<GroupStanding> {
    const found = await read(this.#context, (db) =>
      db
        .selectFrom('reviews')
        .select((select) => [
          select.fn.countAll<number>().as('reviews'),
          select.fn.sum<number | null>('size').as('bytes'),
          select.fn.min<string | null>('opened_at').as('oldest'),
          select.fn.count<number>('escalated_at').as('escalated'),
        ])
        .where('state', '=', 'open')
        .where('grounds', '=', group)
        .executeTakeFirst(),
    );
    const { reviews = 0, bytes = 0, oldest = null, escalated = 0 } = found ?? {};
    return { reviews, bytes: bytes ?? 0, oldest, escalated };
  }

  async escalate(before: string, limit: number): Promise<number> {
    return write(this.#context, async (trx) => {
      const rows = await trx
        .selectFrom('reviews')
        .select(['id', 'grounds', 'opened_at', 'rules'])
        .where('state', '=', 'open')
        .where('escalated_at', 'is', null)
        .where('opened_at', '<', before)
        .orderBy('id')
        .limit(limit)
        .execute();
      if (rows.length === 0) return 0;
      const time = this.#context.now().toISOString();
      const ids = rows.map(({ id }) => id);
      await trx.updateTable('reviews').set({ escalated_at: time }).where('id', 'in', ids).execute();
      const groups = Map.groupBy(rows, ({ grounds }) => grounds);
      for (const [group, [first, ...others]] of groups) {
        const detail = `${1 + others.length} of group ${group} wait since ${first?.opened_at ?? time}: ${first?.rules ?? ''}`;
        const nothing = { file: null, path: null, sha256: null, decision: null, verdict: null };
        await append(trx, {
          action: 'escalated',
          time,
          who: this.#context.who,
          item: first?.id ?? null,
          ...nothing,
          detail,
        });
      }
      return ids.length;
    });
  }

  async get(id: string): Promise<Review | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('reviews').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? null : reviewOf(row);
  }

  async find(abbreviation: string): Promise<readonly string[]> {
    const patterns = idPatterns(abbreviation);
    const rows = await read(this.#context, (db) =>
      db
        .selectFrom('reviews')
        .select('id')
        .where((where) => where.or(patterns.map((pattern) => where('id', 'like', pattern))))
        .orderBy('id')
        .limit(MAX_FOUND)
        .execute(),
    );
    return rows.map(({ id }) => id);
  }

  async answer(
    id: string,
    decision: 'auto_approve' | 'quarantine',
    answer: Omit<Answer, 'at'>,
  ): Promise<Review> {
    return write(this.#context, async (trx) => this.#answer(trx, id, decision, answer));
  }

  async answerAll(
    items: Parameters<ReviewList['answerAll']>[0],
    decision: 'auto_approve' | 'quarantine',
    answer: Omit<Answer, 'at' | 'sha256'>,
  ): Promise<void> {
    await write(this.#context, async (trx) => {
      for (const { id, sha256 } of items) await this.#answer(trx, id, decision, { ...answer, sha256 });
    });
  }

  async #answer(
    trx: Trx,
    id: string,
    decision: 'auto_approve' | 'quarantine',
    { who, reason, sha256, remember, until }: Omit<Answer, 'at'>,
  ): Promise<Review> {
    const review = await oneOf(trx, id);
    assertAnswerable(review, sha256);
    const file = await rowOf(trx, review.file);
    const at = this.#context.now().toISOString();
    const state = decision === 'auto_approve' ? 'approved' : 'rejected';
    await trx
      .updateTable('reviews')
      .set({ state, who, reason, answered_sha256: sha256, answered_at: at })
      .set({ remember: remember ? 1 : 0, until_at: until })
      .where('id', '=', id)
      .execute();
    const isRemembered = remember && decision === 'auto_approve';
    if (isRemembered) await this.#remember(trx, review, { who, reason, sha256, until, at });
    await change(trx, this.#context, file.id, {
      decision,
      pended: 0,
      // What was released is where it is to be: its gate is open again.
      ...(file.state === 'released' && decision === 'auto_approve'
        ? { detail: `approved by a reviewer (${id})` }
        : { state: 'decided' }),
    });
    await append(trx, {
      action: state,
      time: at,
      who,
      file: file.id,
      item: id,
      path: file.path,
      sha256,
      decision,
      verdict: file.verdict,
      detail: isRemembered
        ? `${reason}; remembered ${until === null ? 'without an end' : `until ${until}`}`
        : reason,
    });
    return reviewOf(await oneOf(trx, id));
  }

  async remembered(sha256: string): Promise<readonly Remembered[]> {
    const now = this.#context.now().toISOString();
    const rows = await read(this.#context, (db) =>
      db
        .selectFrom('remembered')
        .selectAll()
        .where('sha256', '=', sha256)
        .where((where) => where.or([where('until_at', 'is', null), where('until_at', '>', now)]))
        .orderBy('made_at', 'desc')
        .limit(MAX_REMEMBERED)
        .execute(),
    );
    return rows.map(({ review, seen, who, reason, until_at: until }) => {
      const known: string[] = JSON.parse(seen);
      return { review, seen: known, who, reason, until };
    });
  }

  async forget(id: string, { who, reason }: Pick<Answer, 'who' | 'reason'>): Promise<Review | null> {
    return write(this.#context, async (trx) => {
      const time = this.#context.now().toISOString();
      const gone = await trx.deleteFrom('remembered').where('review', '=', id).executeTakeFirst();
      if (gone.numDeletedRows === 0n) return null;
      await trx
        .updateTable('reviews')
        .set({ forgotten_at: time, forgotten_by: who })
        .where('id', '=', id)
        .execute();
      const review = await oneOf(trx, id);
      const { file, path, answered_sha256: sha256 } = review;
      const about = { file, item: id, path, sha256, decision: null, verdict: null };
      await append(trx, { action: 'forgotten', time, who, ...about, detail: reason });
      return reviewOf(review);
    });
  }

  async lastOf(file: string): Promise<Review | null> {
    const row = await read(this.#context, (db) =>
      db
        .selectFrom('reviews')
        .selectAll()
        .where('file', '=', file)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row === undefined ? null : reviewOf(row);
  }

  async #remember(
    trx: Trx,
    { id, scan }: Tables['reviews'],
    { who, reason, sha256, until, at }: Pick<Answer, 'who' | 'reason' | 'sha256' | 'until' | 'at'>,
  ): Promise<void> {
    const hint = 'approve it without --remember, once';
    const cannot = (why: string): BackupLensError =>
      new BackupLensError('BL_USAGE', `the approval of ${id} cannot be remembered: ${why}`, { hint });
    if (until !== null && !(Date.parse(until) > Date.parse(at))) throw cannot('its end is over already');
    const row =
      scan === null
        ? undefined
        : await trx
            .selectFrom('scans')
            .select(['report', 'verdict'])
            .where('id', '=', scan)
            .executeTakeFirst();
    if (row === undefined || row.report === null) throw cannot('its report is not there any more');
    // DESIGN 5: never approved by itself, whatever anybody says.
    if (row.verdict === 'malicious') throw cannot('what was found in it is malicious');
    const seen = seenOf(unpackReport(row.report));
    if (seen === null) throw cannot('more was found than its report lists');
    await trx
      .insertInto('remembered')
      .values({
        review: id,
        sha256,
        seen: JSON.stringify(seen),
        who,
        reason,
        made_at: at,
        until_at: until === null ? null : new Date(until).toISOString(),
      })
      .execute();
  }
}

/** Oldest first. What has a kind or a rule is found from there, as among scans. */
async function pageOf(
  db: Kysely<Tables>,
  { limit, after, ...filter }: Parameters<ReviewList['list']>[0],
): Promise<Tables['reviews'][]> {
  const { kind, rule } = filter;
  const fits = fitting(filter);
  if (kind === undefined && rule === undefined) {
    let query = db.selectFrom('reviews').selectAll().where(fits).orderBy('id').limit(limit);
    if (after !== undefined) query = query.where('id', '>', after);
    return query.execute();
  }
  let query = db
    .selectFrom('review_rules')
    .innerJoin('reviews', 'reviews.id', 'review_rules.review')
    .select('review_rules.review as id')
    .distinct()
    .where(fits)
    .orderBy('review_rules.review')
    .limit(limit);
  if (kind !== undefined) query = query.where('review_rules.kind', '=', kind);
  if (rule !== undefined) query = query.where('review_rules.rule', '=', rule);
  if (after !== undefined) query = query.where('review_rules.review', '>', after);
  const ids = (await query.execute()).map(({ id }) => id);
  if (ids.length === 0) return [];
  return db.selectFrom('reviews').selectAll().where('id', 'in', ids).orderBy('id').execute();
}

function fitting({ state, group, under, since, until, escalated }: ReviewFilter) {
  const review = expressionBuilder<Tables, 'reviews'>();
  return review.and([
    ...(state === undefined ? [] : [review('reviews.state', '=', state)]),
    ...(group === undefined ? [] : [review('reviews.grounds', '=', group)]),
    ...(since === undefined ? [] : [review('reviews.opened_at', '>=', since)]),
    ...(until === undefined ? [] : [review('reviews.opened_at', '<', until)]),
    ...(escalated === undefined ? [] : [review('reviews.escalated_at', escalated ? 'is not' : 'is', null)]),
    ...(under === undefined
      ? []
      : beginningWith(under).map(([op, path]) => review('reviews.path', op, path))),
  ]);
}

function assertAnswerable({ id, state, sha256: held }: Tables['reviews'], sha256: string): void {
  if (state !== 'open') throw new BackupLensError('BL_STORE', `review ${id} is ${state} already`);
  if (held === null) {
    throw new BackupLensError('BL_STORE', `what is held as ${id} was never read to its end`, {
      hint: 'see that it can be read, and scan it again',
    });
  }
  if (held !== sha256) {
    throw new BackupLensError('BL_STORE', `what is held as ${id} is not the file with that SHA-256`, {
      hint: 'look at it again: `backuplens review show` has its SHA-256',
    });
  }
}

async function oneOf(trx: Trx, id: string): Promise<Tables['reviews']> {
  const row = await trx.selectFrom('reviews').selectAll().where('id', '=', id).executeTakeFirst();
  return only(row, `review ${id}`);
}

function reviewOf(row: Tables['reviews']): Review {
  const reasons: string[] = JSON.parse(row.reasons);
  const rules: string[] = JSON.parse(row.rules);
  const { who, reason, answered_sha256: sha256, answered_at: at, remember, until_at: until } = row;
  const isAnswered = who !== null && reason !== null && sha256 !== null && at !== null;
  return {
    id: row.id,
    file: row.file,
    scan: row.scan,
    path: row.path,
    unit: row.unit,
    location: row.location,
    sha256: row.sha256,
    size: row.size,
    opened_at: row.opened_at,
    escalated_at: row.escalated_at,
    reasons,
    rules,
    group: row.grounds,
    state: row.state,
    answer: isAnswered ? { who, reason, sha256, at, remember: remember === 1, until } : null,
    forgotten:
      row.forgotten_at === null ? null : { at: row.forgotten_at, who: row.forgotten_by ?? 'unknown' },
  };
}
