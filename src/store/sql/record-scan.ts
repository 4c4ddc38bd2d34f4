import { newId } from '../../domain/index.ts';
import type { Recorded, ScanRecord } from '../file-queue.ts';
import type { Context, Trx } from './context.ts';
import { change, tell, UNLEASED } from './file-changes.ts';
import { RESTORED } from './in-place.ts';
import { packBasis, packReport } from './report-blob.ts';
import type { FileRow } from './tables.ts';

/** Enters a scan; its id. */
export async function insertScan(
  trx: Trx,
  context: Context,
  row: FileRow,
  scan: ScanRecord,
): Promise<string> {
  const { result } = scan;
  const id = newId(context.now());
  await trx
    .insertInto('scans')
    .values({
      id,
      file: row.id,
      path: row.path,
      started_at: scan.started_at,
      finished_at: scan.finished_at,
      decision: result.decision,
      verdict: result.verdict,
      score: result.score,
      provisional: result.provisional ? 1 : 0,
      size: result.size,
      sha256: result.sha256,
      policy_sha256: scan.policy_sha256,
      tool_version: scan.tool_version,
      engines: JSON.stringify(scan.engines),
      report: packReport(result),
    })
    .execute();
  const rules = new Map(
    result.findings.map(({ kind, rule }) => [`${kind}\0${rule}`, { scan: id, kind, rule }]),
  );
  if (rules.size > 0)
    await trx
      .insertInto('scan_rules')
      .values([...rules.values()])
      .execute();
  if (row.scan !== null) await trx.deleteFrom('scan_bases').where('scan', '=', row.scan).execute();
  if (scan.basis !== undefined && row.at_path === 1) {
    const basis = packBasis(scan.basis);
    if (basis !== null)
      await trx
        .insertInto('scan_bases')
        .values({ scan: id, policy_sha256: scan.policy_sha256, basis })
        .execute();
  }
  return id;
}

/** Enters a scan, and moves its file on to what follows from the decision. */
export async function recordScan(
  trx: Trx,
  context: Context,
  row: FileRow,
  scan: ScanRecord,
): Promise<Recorded> {
  const { result } = scan;
  const id = await insertScan(trx, context, row, scan);
  const { decision, verdict, sha256 } = result;
  const judged = { scan: id, sha256, decision, verdict };
  if (row.at_path === 0) {
    await change(trx, context, row.id, { ...UNLEASED, ...judged });
    return { scan: id, state: row.state };
  }
  const waiver = sha256 === null ? null : await takeWaiver(trx, context, row.path, sha256);
  const next = nextOf(context, row, scan, waiver);
  await change(trx, context, row.id, { ...UNLEASED, ...judged, suspect: 0, pended: 0, ...next });
  await tell(trx, context, { ...row, ...judged, ...next }, 'decided', result.reasons[0] ?? null);
  if (scan.remembered !== undefined) {
    await tell(trx, context, { ...row, ...judged, ...next }, 'remembered', `by review ${scan.remembered}`);
  }
  if (waiver !== null) await tell(trx, context, { ...row, ...judged, ...next }, 'waived', next.detail);
  return { scan: id, state: next.state };
}

export function nextOf(
  { now }: Context,
  { provisional_since: since }: FileRow,
  { result, release_provisional: release = false, awaits_engines: awaits = false }: ScanRecord,
  waiver: { readonly approved: number; readonly item: string | null } | null,
): Pick<FileRow, 'state' | 'decision' | 'provisional_since' | 'detail'> {
  const { decision } = result;
  if (waiver !== null) {
    const detail = waiver.approved === 1 ? 'approved by a reviewer' : RESTORED;
    const final = waiver.approved === 1 ? 'auto_approve' : decision;
    return {
      state: 'in_place',
      decision: final,
      provisional_since: null,
      detail: `${detail} (${waiver.item})`,
    };
  }
  if (result.provisional && (decision === 'auto_approve' ? !release : awaits)) {
    return { state: 'provisional', decision, provisional_since: since ?? now().toISOString(), detail: null };
  }
  return { state: 'decided', decision, provisional_since: null, detail: null };
}

/** One-shot: bound to the place and the content that was brought there (ATTACKS B16). */
async function takeWaiver(
  trx: Trx,
  { now }: Context,
  path: Uint8Array,
  sha256: string,
): Promise<{ readonly approved: number; readonly item: string | null } | null> {
  const waiver = await trx
    .selectFrom('waivers')
    .selectAll()
    .where('path', '=', path)
    .where('sha256', '=', sha256)
    .where('used_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (waiver === undefined) return null;
  await trx
    .updateTable('waivers')
    .set({ used_at: now().toISOString() })
    .where('id', '=', waiver.id)
    .execute();
  return waiver;
}
