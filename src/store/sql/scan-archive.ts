import { expressionBuilder, type Kysely } from 'kysely';
import type { FileResult } from '../../contracts/index.ts';
import type { ScanArchive, ScanFilter, ScanSummary } from '../scan-archive.ts';
import { read, type Context } from './context.ts';
import { beginningWith } from './path-range.ts';
import { unpackReport } from './report-blob.ts';
import type { ScanRow, Tables } from './tables.ts';

const SUMMARY = [
  'id',
  'file',
  'path',
  'started_at',
  'finished_at',
  'decision',
  'verdict',
  'score',
  'provisional',
  'size',
  'sha256',
  'policy_sha256',
  'tool_version',
] as const satisfies readonly (keyof ScanRow)[];

export class SqlScanArchive implements ScanArchive {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async list({
    filter = {},
    limit,
    before,
  }: {
    readonly filter?: ScanFilter;
    readonly limit: number;
    readonly before?: string | undefined;
  }): Promise<readonly ScanSummary[]> {
    const rows = await read(this.#context, async (db) => {
      // First the ids, out of an index: a row carries its report, which is not asked for.
      const ids = await idsOf(db, filter, before, limit);
      if (ids.length === 0) return [];
      return db.selectFrom('scans').select(SUMMARY).where('id', 'in', ids).orderBy('id', 'desc').execute();
    });
    return rows.map(summaryOf);
  }

  async get(
    id: string,
  ): Promise<(ScanSummary & { readonly result: FileResult | null; readonly engines: unknown }) | null> {
    const row = await read(this.#context, (db) =>
      db.selectFrom('scans').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    if (row === undefined) return null;
    const engines: unknown = JSON.parse(row.engines);
    return { ...summaryOf(row), engines, result: row.report === null ? null : unpackReport(row.report) };
  }
}

function summaryOf(row: Pick<ScanRow, (typeof SUMMARY)[number]>): ScanSummary {
  return {
    id: row.id,
    file: row.file,
    path: row.path,
    started_at: row.started_at,
    finished_at: row.finished_at,
    decision: row.decision,
    verdict: row.verdict,
    score: row.score,
    provisional: row.provisional === 1,
    size: row.size,
    sha256: row.sha256,
    policy_sha256: row.policy_sha256,
    tool_version: row.tool_version,
  };
}

/** A scan is recorded when it is finished, or a little later: its id, which begins with that time, bounds the search. */
const SLACK_MS = 86_400_000;

/**
 * The ids of a page, newest first. What has a kind or a rule is found from there: walking the scans until enough of them have
 * a rare one would read them all.
 */
async function idsOf(
  db: Kysely<Tables>,
  filter: ScanFilter,
  before: string | undefined,
  limit: number,
): Promise<string[]> {
  const { kind, rule } = filter;
  const fits = fitting(filter);
  if (kind === undefined && rule === undefined) {
    let query = db.selectFrom('scans').select('id').where(fits).orderBy('id', 'desc').limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(({ id }) => id);
  }
  let query = db
    .selectFrom('scan_rules')
    .innerJoin('scans', 'scans.id', 'scan_rules.scan')
    .select('scan_rules.scan as id')
    .distinct()
    .where(fits)
    .orderBy('scan_rules.scan', 'desc')
    .limit(limit);
  if (kind !== undefined) query = query.where('scan_rules.kind', '=', kind);
  if (rule !== undefined) query = query.where('scan_rules.rule', '=', rule);
  if (before !== undefined) query = query.where('scan_rules.scan', '<', before);
  return (await query.execute()).map(({ id }) => id);
}

function fitting({ decision, under, sha256, file, since, until }: ScanFilter) {
  const scan = expressionBuilder<Tables, 'scans'>();
  return scan.and([
    ...(decision === undefined ? [] : [scan('scans.decision', '=', decision)]),
    ...(sha256 === undefined ? [] : [scan('scans.sha256', '=', sha256)]),
    ...(file === undefined ? [] : [scan('scans.file', '=', file)]),
    ...(since === undefined
      ? []
      : [scan('scans.finished_at', '>=', since), scan('scans.id', '>', idAt(since, -SLACK_MS))]),
    ...(until === undefined
      ? []
      : [scan('scans.finished_at', '<', until), scan('scans.id', '<', idAt(until, SLACK_MS))]),
    ...(under === undefined ? [] : beginningWith(under).map(([op, path]) => scan('scans.path', op, path))),
  ]);
}

/** The least id of that moment, and so much later. */
function idAt(instant: string, laterMs: number): string {
  return new Date(Date.parse(instant) + laterMs).toISOString().replaceAll(/[-:.]/g, '');
}
