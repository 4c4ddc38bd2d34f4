import type { FileResult } from '../../contracts/index.ts';
import type { ScanArchive, ScanFilter, ScanSummary } from '../scan-archive.ts';
import { read, type Context } from './context.ts';
import { unpackReport } from './report-blob.ts';
import type { ScanRow } from './tables.ts';

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
    readonly before?: string;
  }): Promise<readonly ScanSummary[]> {
    const rows = await read(this.#context, (db) => {
      let query = db.selectFrom('scans').select(SUMMARY).orderBy('id', 'desc').limit(limit);
      if (before !== undefined) query = query.where('id', '<', before);
      const { decision, kind, rule, under, sha256, since, until } = filter;
      if (decision !== undefined) query = query.where('decision', '=', decision);
      if (sha256 !== undefined) query = query.where('sha256', '=', sha256);
      if (since !== undefined) query = query.where('finished_at', '>=', since);
      if (until !== undefined) query = query.where('finished_at', '<', until);
      if (under !== undefined) {
        query = query.where('path', '>=', under);
        const end = afterAllThatBeginWith(under);
        if (end !== null) query = query.where('path', '<', end);
      }
      if (kind !== undefined || rule !== undefined) {
        query = query.where('id', 'in', (nested) => {
          let rules = nested.selectFrom('scan_rules').select('scan');
          if (kind !== undefined) rules = rules.where('kind', '=', kind);
          if (rule !== undefined) rules = rules.where('rule', '=', rule);
          return rules;
        });
      }
      return query.execute();
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

/** The least bytes that come after everything with this beginning; null: nothing does. */
function afterAllThatBeginWith(beginning: Uint8Array): Buffer | null {
  const end = Buffer.from(beginning);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end.readUInt8(at);
    if (byte === 0xff) continue;
    end.writeUInt8(byte + 1, at);
    return end.subarray(0, at + 1);
  }
  return null;
}
