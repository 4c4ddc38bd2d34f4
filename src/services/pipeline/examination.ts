import { lstat } from 'node:fs/promises';
import { nameFromBytes } from '../../bytes/index.ts';
import { HELD_CONTENT } from '../../dispose/index.ts';
import type { Gap } from '../../domain/index.ts';
import { isSameFile, unitAt, type FileIdentity, type Unit } from '../../intake/index.ts';
import {
  examineDropped,
  examineWhole,
  judgeUnit,
  MAX_DROPPED_FILES,
  recall,
  shapeOf,
  unitBasis,
  withAttack,
  type ExaminedUnit,
  type Judge,
  type JudgedUnit,
} from '../../pipeline/index.ts';
import type { ScanRecord, WatchedFile, Work } from '../../store/index.ts';
import type { Examiner } from './examiner.ts';
import { Looks } from './looks.ts';

/** What came of one file that was to be examined. */
export type Examined =
  | { readonly type: 'scanned'; readonly scan: ScanRecord }
  /** A dropped folder whose files are moved: each is decided as the worst of them. */
  | { readonly type: 'files'; readonly files: readonly DecidedFile[]; readonly scan: ScanRecord }
  /** Something else stands at its path, or nothing does. */
  | { readonly type: 'lost'; readonly state: 'superseded' | 'gone' }
  /** The service ends. */
  | { readonly type: 'ended' };

/** One file of a dropped folder. */
export interface DecidedFile {
  readonly path: Buffer;
  readonly identity: FileIdentity;
  readonly scan: ScanRecord;
}

/** Where nothing stands any more; anything else that is not the file took its place. */
async function whatStandsAt(path: Uint8Array): Promise<'superseded' | 'gone'> {
  try {
    await lstat(Buffer.from(path));
    return 'superseded';
  } catch (error) {
    const missing =
      error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code));
    return missing ? 'gone' : 'superseded';
  }
}

/** What never rests is examined all the same, as it is at some moment: otherwise it never would be (ATTACKS A13). */
function isStill(unit: Unit, work: Work): boolean {
  return unit.kind === work.unit && (work.never_settled || isSameFile(unit.identity, work.identity));
}

/** Examines what a row of the store stands for, as it is now, and only if it still is what was accepted. */
export class Examination {
  readonly #examiner: Examiner;
  readonly #looks: Looks;

  constructor(examiner: Examiner) {
    this.#examiner = examiner;
    this.#looks = new Looks(examiner);
  }

  /** `alone`: nothing else is under way, and this counts as an attempt. */
  async examine(work: Work, alone: boolean): Promise<Examined> {
    const { ours } = this.#examiner;
    const started_at = new Date().toISOString();
    const path = Buffer.from(work.path);
    const before = await unitAt(path, { kind: work.unit, ours });
    if (before === null || !isStill(before, work)) return lostAt(path);
    if (before.kind === 'dropped' && !before.whole && before.files <= MAX_DROPPED_FILES) {
      const files = await this.#examineFiles(before, work, alone);
      if (files !== null) return files;
    }

    const examined = await this.#looks.at(before, work, alone);
    if (examined === null) return { type: 'ended' };
    const after = await unitAt(path, { kind: work.unit, ours });
    if (after === null || !isStill(after, work)) return lostAt(path);

    const whole = work.never_settled ? withGap(examined, 'never_settled', NEVER_SETTLED) : examined;
    const judgement = this.#examiner.judge();
    const judged = judgeUnit(unitBasis(whole, shapeOf(before)), judgement);
    if (judged === null) return lostAt(path);
    const known = await this.#asKnown(before, whole, judged, judgement);
    return { type: 'scanned', scan: this.#record(started_at, known) };
  }

  /**
   * What was decided, as it is with what else is known: a person has approved this content before; or it is among what arrives
   * about the same time: while a top folder is under attack, what looks encrypted in it is a part of that, and nothing else of
   * it is approved without a person.
   */
  async #asKnown(
    unit: Unit,
    examined: ExaminedUnit,
    judged: JudgedUnit,
    judgement: Judge,
  ): Promise<JudgedUnit> {
    const recalled = await this.#recalled(judged);
    if (recalled !== null) return recalled;
    const findings = examined.files.flatMap(({ outcome }) => outcome.findings);
    const attack = await this.#examiner.arrived(unit.path, findings);
    if (attack === null) return judged;
    const again = judgeUnit(unitBasis(withAttack(examined, attack), shapeOf(unit)), judgement) ?? judged;
    if (again.result.decision !== 'auto_approve') return again;
    const reason = `it arrived while its folder is under attack: ${attack.mass.detail}`;
    const reasons = [...again.result.reasons, reason];
    return {
      ...again,
      awaits_engines: false,
      result: { ...again.result, decision: 'manual_review', reasons },
    };
  }

  /** Null: nobody has approved this content for good. */
  async #recalled(judged: JudgedUnit): Promise<JudgedUnit | null> {
    const { result, remembered } = await recall(this.#examiner.store, judged.result);
    return remembered === null ? null : { ...judged, result, remembered };
  }

  #record(started_at: string, judged: JudgedUnit): ScanRecord {
    const { engines, version } = this.#examiner;
    const finished_at = new Date().toISOString();
    return { ...judged, started_at, finished_at, tool_version: version, engines: engines.state };
  }

  /**
   * Examines once more what is held, where it lies now; null when that is no longer what was held, or cannot be done just
   * now. It stays held whatever comes of it, until somebody asks the store.
   */
  async examineHeld(file: WatchedFile): Promise<ScanRecord | null> {
    const { ours, engines, pool } = this.#examiner;
    const started_at = new Date().toISOString();
    const path = Buffer.from(file.path);
    let unit: Unit | null;
    if (file.location === null) {
      unit = await unitAt(path, { kind: file.unit, ours });
      if (unit === null || !isSameFile(unit.identity, file.identity)) return null;
    } else {
      const content = Buffer.concat([file.location, Buffer.from(`/${HELD_CONTENT}`)]);
      unit = await unitAt(content, { kind: 'file', ours: () => false });
      if (unit === null) return null;
      // Under the name it came with, and never one of several: what is held here was taken out of its folder.
      unit = { ...unit, display: nameFromBytes(path), set: null, part: null };
    }
    const examined = await examineWhole(unit, pool);
    if (examined === null || !engines.all_up) return null;
    const judged = judgeUnit(unitBasis(examined, shapeOf(unit)), this.#examiner.judge());
    if (judged === null || judged.result.sha256 !== file.sha256) return null;
    return this.#record(started_at, (await this.#recalled(judged)) ?? judged);
  }

  /** File by file; null: none of them is moved, so that it is dealt with like any other unit. */
  async #examineFiles(folder: Unit, work: Work, alone: boolean): Promise<Examined | null> {
    const { pool, ours, moves, store } = this.#examiner;
    const judgement = this.#examiner.judge();
    const started_at = new Date().toISOString();
    const dropped = await examineDropped(folder, pool, {
      judge: judgement,
      ours,
      alone,
      recall: async (result) => recall(store, result),
      before: await store.files.divided(work.path, work.identity),
    });
    if (dropped.type === 'whole') return null;
    if (dropped.type === 'ended') return { type: 'ended' };
    if (dropped.type === 'changed') return lostAt(folder.path);
    const { result, provisional, awaits_engines: awaits } = dropped;
    const waits = result.decision === 'auto_approve' || (result.decision === 'manual_review' && awaits);
    if (!moves(result.decision) || (provisional && waits)) return null;
    const { policy } = judgement;
    const base = { policy_sha256: policy.sha256, release_provisional: policy.release_provisional };
    return {
      type: 'files',
      files: dropped.files.map((file) => {
        const remembered = file.remembered === null ? {} : { remembered: file.remembered };
        const judged = { ...base, result: file.result, basis: file.basis, ...remembered };
        return { path: file.path, identity: file.identity, scan: this.#record(started_at, judged) };
      }),
      scan: this.#record(started_at, { ...base, result }),
    };
  }
}

const NEVER_SETTLED = 'something kept changing it; it was examined as it was at one moment';

async function lostAt(path: Buffer): Promise<Examined> {
  return { type: 'lost', state: await whatStandsAt(path) };
}

function withGap(examined: ExaminedUnit, reason: Gap['reason'], detail: string): ExaminedUnit {
  const files = examined.files.map((file) => {
    const { root, gaps } = file.outcome;
    const gap: Gap = {
      stage: 'intake',
      by: 'intake',
      reason,
      detail,
      artifact: 0,
      trail: [file.name],
      sha256: root.sha256,
      format: root.content_type.mime,
      bytes: root.size,
      artifacts: 1,
    };
    return { ...file, outcome: { ...file.outcome, gaps: [...gaps, gap] } };
  });
  return { ...examined, files };
}

/** For logs and records. */
export function shown(path: Uint8Array): string {
  return nameFromBytes(path);
}
