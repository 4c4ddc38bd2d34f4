import { rulesOf, seenOf } from '../../contracts/index.ts';
import { BackupLensError, newId } from '../../domain/index.ts';
import type { Answer, Remembered, Review, ReviewList } from '../review-list.ts';
import { only, read, write, type Context, type Trx } from './context.ts';
import { change, rowOf, tell } from './file-changes.ts';
import { groupOf } from './grounds.ts';
import { idPatterns, MAX_FOUND } from './id-patterns.ts';
import { append } from './journal.ts';
import { unpackReport } from './report-blob.ts';
import type { FileRow, Tables } from './tables.ts';

/** Reasons of one review: as many as a person reads. */
const MAX_REASONS = 40;
/** Of one content: more than people ever give. */
const MAX_REMEMBERED = 20;

/** A file is held: somebody has to look. One that is asked about already keeps its question. */
export async function openReview(
  trx: Trx,
  { now }: Context,
  file: FileRow,
  id: string,
  location: Uint8Array | null,
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
      reasons: JSON.stringify(result?.reasons.slice(0, MAX_REASONS) ?? []),
      rules: JSON.stringify(rules),
      grounds: groupOf(rules),
      state: 'open',
      who: null,
      reason: null,
      answered_sha256: null,
      answered_at: null,
      remember: 0,
      until_at: null,
    })
    .execute();
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

  async list({ state, group, limit, after }: Parameters<ReviewList['list']>[0]): Promise<readonly Review[]> {
    const rows = await read(this.#context, (db) => {
      let query = db.selectFrom('reviews').selectAll().orderBy('id').limit(limit);
      if (state !== undefined) query = query.where('state', '=', state);
      if (group !== undefined) query = query.where('grounds', '=', group);
      if (after !== undefined) query = query.where('id', '>', after);
      return query.execute();
    });
    return rows.map(reviewOf);
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
    { who, reason, sha256, remember, until }: Omit<Answer, 'at'>,
  ): Promise<Review> {
    return write(this.#context, async (trx) => {
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
      await change(trx, this.#context, file.id, { state: 'decided', decision });
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
    });
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
    reasons,
    rules,
    group: row.grounds,
    state: row.state,
    answer: isAnswered ? { who, reason, sha256, at, remember: remember === 1, until } : null,
  };
}
