import { nameFromBytes } from '../../bytes/index.ts';
import { z } from 'zod';
import { areManyFewer, harsher, newId } from '../../domain/index.ts';
import type { ScanRecord } from '../file-queue.ts';
import type { EarlierJudgement, JudgedAgain, Judgements, RulesInForce } from '../judgements.ts';
import type { FileState, WatchedFile } from '../watched-file.ts';
import { read, write, type Context, type Trx } from './context.ts';
import { change, rowOf, tell } from './file-changes.ts';
import { fileOf } from './file-row.ts';
import { append } from './journal.ts';
import { insertScan, nextOf } from './record-scan.ts';
import { unpackBasis } from './report-blob.ts';
import { openReview } from './review-list.ts';
import { put, setting } from './settings.ts';
import type { FileRow } from './tables.ts';

const rulesInForce = z.object({ sha256: z.string(), count: z.int() });

/** What stands decided, and is neither under way nor at an end. */
const STANDING: readonly FileState[] = [
  'in_place',
  'released',
  'provisional',
  'held',
  'decided',
  'disposition_pending',
];

export class SqlJudgements implements Judgements {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async takePolicy(sha256: string): Promise<boolean> {
    return write(this.#context, async (trx) => {
      const before = await setting(trx, 'policy_sha256');
      if (before === sha256) return false;
      await put(trx, 'policy_sha256', sha256);
      const { now, who } = this.#context;
      const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
      await append(trx, {
        action: 'policy_taken',
        time: now().toISOString(),
        who,
        ...nothing,
        detail: `policy ${sha256}; before: ${before ?? 'none'}`,
      });
      return true;
    });
  }

  async takeRules(rules: RulesInForce): Promise<boolean> {
    return write(this.#context, async (trx) => {
      const known = await setting(trx, 'rules');
      const before = known === null ? null : rulesInForce.parse(JSON.parse(known));
      if (before?.sha256 === rules.sha256) return false;
      await put(trx, 'rules', JSON.stringify(rules));
      const { now, who } = this.#context;
      const nothing = { file: null, item: null, path: null, sha256: null, decision: null, verdict: null };
      await append(trx, {
        action: areManyFewer(before?.count ?? 0, rules.count) ? 'rules_fewer' : 'rules_taken',
        time: now().toISOString(),
        who,
        ...nothing,
        detail: `${rules.count} rules, ${rules.sha256}; before: ${before === null ? 'none' : `${before.count}, ${before.sha256}`}`,
      });
      return true;
    });
  }

  async underOther(policy: string, limit: number): Promise<readonly EarlierJudgement[]> {
    return write(this.#context, async (trx) => {
      for (;;) {
        const scans = await otherBases(trx, policy, limit);
        if (scans.length === 0) return [];
        const standing: EarlierJudgement[] = [];
        for (const scan of scans) {
          const judgement = await standingJudgement(trx, scan);
          if (judgement !== null) standing.push(judgement);
          // Whatever comes of that file is judged by itself, or nothing does.
          else await trx.deleteFrom('scan_bases').where('scan', '=', scan).execute();
        }
        if (standing.length > 0) return standing;
      }
    });
  }

  async stands(scan: string, policy: string): Promise<void> {
    await write(this.#context, (trx) =>
      trx.updateTable('scan_bases').set({ policy_sha256: policy }).where('scan', '=', scan).execute(),
    );
  }

  async heldProvisionally({
    limit,
    after,
  }: Parameters<Judgements['heldProvisionally']>[0]): Promise<readonly WatchedFile[]> {
    const rows = await read(this.#context, (db) => {
      const query = db
        .selectFrom('files')
        .innerJoin('scans', 'scans.id', 'files.scan')
        .selectAll('files')
        .where('files.state', '=', 'held')
        .where('scans.provisional', '=', 1)
        .orderBy('files.id')
        .limit(limit);
      return (after === undefined ? query : query.where('files.id', '>', after)).execute();
    });
    return rows.map(fileOf);
  }

  async again(file: string, scan: string, judged: ScanRecord, why: string): Promise<JudgedAgain | null> {
    return write(this.#context, async (trx) => {
      const row = await rowOf(trx, file);
      if (row.scan !== scan || !STANDING.includes(row.state)) return null;
      const { result } = judged;
      const id = await insertScan(trx, this.#context, row, judged);
      const standing = row.decision ?? 'auto_approve';
      const tightened = harsher(standing, result.decision) !== standing;
      const of = tightened ? { decision: result.decision, verdict: result.verdict } : {};
      const next = tightened ? this.#next(row, judged, why) : {};
      await change(trx, this.#context, file, { scan: id, ...of, ...next });
      if (tightened) {
        await trx
          .updateTable('reviews')
          .set({ state: 'closed' })
          .where('file', '=', file)
          .where('state', '=', 'open')
          .execute();
        if (row.state === 'released') await this.#askAbout(trx, { ...row, ...of, scan: id }, why);
      } else {
        await trx.updateTable('reviews').set({ scan: id }).where('file', '=', file).execute();
      }
      const words = tightened ? `${why}: ${standing} before` : `${why}: no harsher than ${standing}`;
      await tell(trx, this.#context, { ...row, ...of }, 'judged_again', words);
      return { tightened, state: next.state ?? row.state };
    });
  }

  /** It is out of our hands: a person has to see to it. */
  async #askAbout(trx: Trx, row: FileRow, why: string): Promise<void> {
    const place = nameFromBytes(row.location ?? row.path);
    const because = [
      `released to ${place}, and no longer approved (${why}): its gate is shut`,
      'approve it, and its gate opens again; reject it, and it goes into quarantine, if it is still there; whoever took it has to be told',
    ];
    await openReview(trx, this.#context, row, newId(this.#context.now()), row.location, because);
  }

  #next(row: FileRow, judged: ScanRecord, why: string): Partial<Pick<FileRow, 'state' | 'detail'>> {
    // What was released is its owner's: the gate no longer opens for it.
    if (row.state === 'released') return { detail: `${why}: ${judged.result.decision}` };
    return row.state === 'held' ? { state: 'decided' } : nextOf(this.#context, row, judged, null);
  }
}

/** Both sides of the index: `<>` would read all of it. */
async function otherBases(trx: Trx, policy: string, limit: number): Promise<string[]> {
  const scans: string[] = [];
  for (const side of ['<', '>'] as const) {
    const rows = await trx
      .selectFrom('scan_bases')
      .select('scan')
      .where('policy_sha256', side, policy)
      .orderBy('policy_sha256')
      .orderBy('scan')
      .limit(limit - scans.length)
      .execute();
    scans.push(...rows.map(({ scan }) => scan));
    if (scans.length >= limit) break;
  }
  return scans;
}

async function standingJudgement(trx: Trx, scan: string): Promise<EarlierJudgement | null> {
  const made = await trx.selectFrom('scans').selectAll().where('id', '=', scan).executeTakeFirst();
  if (made === undefined) return null;
  const row = await trx.selectFrom('files').selectAll().where('id', '=', made.file).executeTakeFirst();
  if (row === undefined || row.scan !== scan || !STANDING.includes(row.state)) return null;
  const answered = await trx
    .selectFrom('reviews')
    .select('id')
    .where('file', '=', row.id)
    .where('state', '=', 'approved')
    .executeTakeFirst();
  // A person has looked, and knows better; so it is with what a person brought back.
  if (answered !== undefined || row.decision !== made.decision) return null;
  const { basis } = await trx
    .selectFrom('scan_bases')
    .select('basis')
    .where('scan', '=', scan)
    .executeTakeFirstOrThrow();
  const { started_at, finished_at, tool_version, decision } = made;
  const engines: unknown = JSON.parse(made.engines);
  return {
    file: fileOf(row),
    scan,
    started_at,
    finished_at,
    tool_version,
    engines,
    decision,
    basis: unpackBasis(basis),
  };
}
