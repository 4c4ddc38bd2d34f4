import type { Retained, RetentionPolicy } from '../retention.ts';
import { write, type Context, type Trx } from './context.ts';
import { append } from './journal.ts';

const DAY_MS = 86_400_000;
/** Rows of one transaction: others get their turn in between. */
const BATCH = 500;

/** Removes what is older than it has to be; the caller has made sure of the clock. */
export async function retain(
  context: Context,
  policy: RetentionPolicy,
): Promise<Omit<Retained, 'suspended'>> {
  const now = context.now().getTime();
  const before = (days: number): string => new Date(now - days * DAY_MS).toISOString();
  let reports = await removeOld(context, before(policy.report_days));
  reports += await removeBeyond(context, policy.report_bytes);
  const files = await removeEnded(context, before(policy.ended_days));
  if (reports + files > 0) {
    const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
    await write(context, (trx) =>
      append(trx, {
        action: 'reports_removed',
        time: new Date(now).toISOString(),
        who: context.who,
        ...nothing,
        detail: `retention: ${reports} reports, ${files} files that had come to an end`,
      }),
    );
  }
  return { reports, files };
}

/** Of what a person may still have to decide about, the report stays. */
function removable(trx: Trx) {
  return trx
    .selectFrom('scans')
    .leftJoin('files', 'files.id', 'scans.file')
    .select('scans.id')
    .where('scans.report', 'is not', null)
    .where((where) =>
      where.or([
        where('files.id', 'is', null),
        where('files.state', 'not in', [
          'held',
          'quarantined',
          'decided',
          'disposition_pending',
          'provisional',
        ]),
        where('files.scan', '!=', where.ref('scans.id')),
      ]),
    )
    .orderBy('scans.id')
    .limit(BATCH);
}

async function removeOld(context: Context, before: string): Promise<number> {
  return inBatches(context, async (trx) => {
    const ids = (await removable(trx).where('scans.finished_at', '<', before).execute()).map(({ id }) => id);
    await forget(trx, ids);
    return ids.length;
  });
}

async function removeBeyond(context: Context, bytes: number): Promise<number> {
  return inBatches(context, async (trx) => {
    const sum = await trx
      .selectFrom('scans')
      .select((select) => select.fn.sum<number>(select.fn('length', ['report'])).as('bytes'))
      .executeTakeFirst();
    if ((sum?.bytes ?? 0) <= bytes) return 0;
    const ids = (await removable(trx).execute()).map(({ id }) => id);
    await forget(trx, ids);
    return ids.length;
  });
}

async function forget(trx: Trx, scans: readonly string[]): Promise<void> {
  if (scans.length > 0)
    await trx.updateTable('scans').set({ report: null }).where('id', 'in', scans).execute();
}

async function removeEnded(context: Context, before: string): Promise<number> {
  return inBatches(context, async (trx) => {
    const rows = await trx
      .selectFrom('files')
      .select('id')
      .where('state', 'in', ['superseded', 'gone', 'restored', 'deleted', 'released'])
      .where('changed_at', '<', before)
      // What somebody is asked about stays until it is answered.
      .where('id', 'not in', trx.selectFrom('reviews').select('file').where('state', '=', 'open'))
      .limit(BATCH)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return 0;
    const scans = trx.selectFrom('scans').select('id').where('file', 'in', ids);
    await trx.deleteFrom('scan_rules').where('scan', 'in', scans).execute();
    await trx.deleteFrom('scan_bases').where('scan', 'in', scans).execute();
    await trx.deleteFrom('release_calls').where('file', 'in', ids).where('state', '=', 'failed').execute();
    await trx.deleteFrom('scans').where('file', 'in', ids).execute();
    const reviews = trx
      .selectFrom('reviews')
      .select('id')
      .where('file', 'in', ids)
      .where('state', '!=', 'open');
    await trx.deleteFrom('review_rules').where('review', 'in', reviews).execute();
    const paths = trx
      .selectFrom('files')
      .select('path')
      .where('id', 'in', ids)
      .where('state', '!=', 'restored');
    await trx.deleteFrom('uploads').where('path', 'in', paths).where('arrived', '=', 1).execute();
    await trx.deleteFrom('reviews').where('file', 'in', ids).where('state', '!=', 'open').execute();
    await trx
      .deleteFrom('dispositions')
      .where('file', 'in', ids)
      .where('state', 'in', ['closed', 'withdrawn'])
      .execute();
    await trx.deleteFrom('files').where('id', 'in', ids).execute();
    return ids.length;
  });
}

async function inBatches(context: Context, work: (trx: Trx) => Promise<number>): Promise<number> {
  let all = 0;
  for (;;) {
    const done = await write(context, work);
    all += done;
    if (done < BATCH) return all;
  }
}
