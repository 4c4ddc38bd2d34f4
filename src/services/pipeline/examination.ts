import { lstat } from 'node:fs/promises';
import { nameFromBytes } from '../../bytes/index.ts';
import type { FileResult } from '../../contracts/index.ts';
import { HELD_CONTENT } from '../../dispose/index.ts';
import { ENGINE_AWAY, harsher, type Decision, type Gap } from '../../domain/index.ts';
import {
  filesOf,
  identityBytes,
  unitAt,
  type FileIdentity,
  type FileMet,
  type Unit,
  type UnitOptions,
} from '../../intake/index.ts';
import {
  basisOf,
  examineFolder,
  examineUnit,
  FolderVerdict,
  judge,
  unexaminedUnit,
  type EngineWatch,
  type ExaminedUnit,
  type Judge,
  type WorkerPool,
} from '../../pipeline/index.ts';
import type { ScanRecord, WatchedFile, Work } from '../../store/index.ts';
import { awaitsEngines, judgeUnit, shapeOf, type UnitBasis } from './judge-unit.ts';

export interface Examiner {
  readonly pool: WorkerPool;
  readonly engines: EngineWatch;
  /** As it is now. */
  readonly judge: () => Judge;
  readonly units: UnitOptions;
  readonly version: string;
  /** Whether what is decided so has a place that it goes to. */
  readonly moves: (decision: Decision) => boolean;
  /** How long a file that an engine failed at waits for it before it is tried again, in ms. */
  readonly engine_wait_ms: number;
  readonly signal: AbortSignal;
}

/** What came of one file that was to be examined. */
export type Examined =
  | { readonly type: 'scanned'; readonly scan: ScanRecord }
  /** A dropped folder whose files are moved: each is decided as the worst of them. */
  | { readonly type: 'files'; readonly files: readonly DecidedFile[] }
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

/** Larger folders are held or left as a whole: their results together would not fit into memory. */
const MAX_FOLDER_FILES = 10_000;

/** How often a file may have been examined alone when the whole service died: nobody knows whose fault it was. */
const MAX_ALONE = 3;
const ENGINE_POLL_MS = 100;

/** Where nothing stands any more; anything else that is not the file took its place. */
export async function whatStandsAt(path: Uint8Array): Promise<'superseded' | 'gone'> {
  try {
    await lstat(Buffer.from(path));
    return 'superseded';
  } catch (error) {
    const missing =
      error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code));
    return missing ? 'gone' : 'superseded';
  }
}

export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return identityBytes(one).equals(identityBytes(other));
}

/** What never rests is examined all the same, as it is at some moment: otherwise it never would be (ATTACKS A13). */
function isStill(unit: Unit, work: Work): boolean {
  return work.never_settled || isSameFile(unit.identity, work.identity);
}

/** Examines what a row of the store stands for, as it is now, and only if it still is what was accepted. */
export class Examination {
  readonly #examiner: Examiner;
  /** Files that an engine failed at are tried again one at a time (ATTACKS A1). */
  #again: Promise<unknown> = Promise.resolve();

  constructor(examiner: Examiner) {
    this.#examiner = examiner;
  }

  /** `alone`: nothing else is under way, and this counts as an attempt. */
  async examine(work: Work, alone: boolean): Promise<Examined> {
    const { units, engines, version } = this.#examiner;
    const started_at = new Date().toISOString();
    const path = Buffer.from(work.path);
    const before = await unitAt(path, units);
    if (before === null || !isStill(before, work)) return lostAt(path);
    if (before.kind === 'dropped' && !before.whole && before.files <= MAX_FOLDER_FILES) {
      const files = await this.#examineFiles(before, work, alone);
      if (files !== null) return files;
    }

    const examined = await this.#examineWithEngines(before, work, alone);
    if (examined === null) return { type: 'ended' };
    const after = await unitAt(path, units);
    if (after === null || !isStill(after, work)) return lostAt(path);

    const whole = work.never_settled ? withGap(examined, 'never_settled', NEVER_SETTLED) : examined;
    const judgement = this.#examiner.judge();
    const judged = judgeUnit({ ...basisOf(whole), unit: shapeOf(before) }, judgement);
    if (judged === null) return lostAt(path);
    const scan = { ...judged, started_at, finished_at: new Date().toISOString() };
    return { type: 'scanned', scan: { ...scan, tool_version: version, engines: engines.state } };
  }

  /**
   * Examines once more what is held, where it lies now; null when that is no longer what was held, or cannot be done just
   * now. It stays held whatever comes of it, until somebody asks the store.
   */
  async examineHeld(file: WatchedFile): Promise<ScanRecord | null> {
    const { units, engines, version, pool } = this.#examiner;
    const started_at = new Date().toISOString();
    const path = Buffer.from(file.path);
    let unit: Unit | null;
    let examined: ExaminedUnit | null;
    if (file.location === null) {
      unit = await unitAt(path, units);
      if (unit === null || !isSameFile(unit.identity, file.identity)) return null;
      examined = await this.#look(unit, false);
    } else {
      const content = Buffer.concat([file.location, Buffer.from(`/${HELD_CONTENT}`)]);
      unit = await unitAt(content, units);
      if (unit === null) return null;
      unit = { ...unit, display: shown(path) };
      const { display, size } = unit;
      examined = await examineUnit({ type: 'file', path: content, display, size }, pool);
    }
    if (examined === null || !engines.all_up) return null;
    const judged = judgeUnit({ ...basisOf(examined), unit: shapeOf(unit) }, this.#examiner.judge());
    if (judged === null || judged.result.sha256 !== file.sha256) return null;
    const scan = { ...judged, started_at, finished_at: new Date().toISOString() };
    return { ...scan, tool_version: version, engines: engines.state };
  }

  /** File by file; null: none of them is moved, so that it is dealt with like any other unit. */
  async #examineFiles(folder: Unit, work: Work, alone: boolean): Promise<Examined | null> {
    const { pool, units, moves, engines, version } = this.#examiner;
    const judgement = this.#examiner.judge();
    const started_at = new Date().toISOString();
    const judged: {
      readonly path: Buffer;
      readonly identity: FileIdentity;
      readonly result: FileResult;
      readonly basis: UnitBasis;
    }[] = [];
    const verdict = new FolderVerdict(folder.display);
    let decision: Decision = 'auto_approve';
    let provisional = false;
    let awaits = true;
    for await (const met of filesOf(folder.path, units)) {
      if (met.type === 'skipped') continue;
      // What cannot be looked at cannot be moved either.
      if (met.type === 'unreadable') return null;
      const examined = await examineUnit(met, pool, { alone });
      if (examined === null) return { type: 'ended' };
      awaits &&= awaitsEngines(examined, judgement);
      const basis = basisOf(examined);
      const identities = met.type === 'set' ? met.parts.map((part) => part.identity) : [met.identity];
      for (const [index, { path, result, assessment }] of judge(examined, judgement).entries()) {
        const identity = identities[index];
        if (path === null || identity === undefined) continue;
        verdict.add({ result, assessment });
        const of = { ...basis, files: basis.files.slice(index, index + 1) };
        const unit = { display: result.path, kind: 'file', files: 1 } as const;
        judged.push({ path, identity, result, basis: { ...of, unit } });
        decision = harsher(decision, result.decision);
        provisional ||= result.provisional;
      }
    }
    const attack = verdict.close(judgement)?.assessment ?? null;
    decision = harsher(decision, attack?.decision ?? 'auto_approve');
    const after = await unitAt(folder.path, units);
    if (after === null || !isSameFile(after.identity, work.identity)) return lostAt(folder.path);
    if (!moves(decision) || (provisional && decision !== 'quarantine' && awaits)) return null;
    const worst = judged.find(({ result }) => result.decision === decision);
    const because =
      worst === undefined
        ? (attack?.reasons.join('; ') ?? '')
        : `one folder together with ${worst.result.path}, of which this was decided`;
    return {
      type: 'files',
      files: judged.map(({ path, identity, result, basis }) => ({
        path,
        identity,
        scan: {
          started_at,
          finished_at: new Date().toISOString(),
          result:
            result.decision === decision
              ? result
              : { ...result, decision, reasons: [...result.reasons, because] },
          policy_sha256: judgement.policy.sha256,
          tool_version: version,
          engines: engines.state,
          basis,
        },
      })),
    };
  }

  async #examineWithEngines(unit: Unit, work: Work, alone: boolean): Promise<ExaminedUnit | null> {
    if (work.attempts > MAX_ALONE) {
      const detail = `the service died ${work.attempts - 1} times while it examined this alone`;
      return unexaminedUnit(unit.display, unit.path, { ...OF_WORKER, reason: 'engine_failed', detail });
    }
    const { engines, engine_wait_ms } = this.#examiner;
    const wereUp = engines.all_up;
    const first = await this.#look(unit, alone);
    // Only what an engine fell over is tried again: a file that was begun without it has nothing to do with that.
    if (first === null || first.lost !== null || !wereUp || !failedByEngine(first)) return first;
    const deadline = performance.now() + engine_wait_ms;
    const again = this.#again.then(async () => {
      await this.#engineIsBack(deadline);
      return this.#look(unit, true);
    });
    this.#again = again.catch(() => undefined);
    return again;
  }

  async #look(unit: Unit, alone: boolean): Promise<ExaminedUnit | null> {
    const { pool } = this.#examiner;
    const { path, display, kind, size, set, part, files } = unit;
    if (set !== null) return examineUnit(set, pool, { alone });
    if (kind !== 'file') {
      const what = kind === 'dropped' ? 'a folder' : `a ${kind} repository or set`;
      return examineFolder({ path, display, description: `${what} of ${files} files` }, pool, { alone });
    }
    const file: FileMet = { type: 'file', path, display, size, ...(part === null ? {} : { part }) };
    return examineUnit(file, pool, { alone });
  }

  async #engineIsBack(deadline: number): Promise<void> {
    const { engines, signal } = this.#examiner;
    while (!engines.all_up && performance.now() < deadline && !signal.aborted) {
      await new Promise((resolve) => {
        setTimeout(resolve, ENGINE_POLL_MS);
      });
    }
  }
}

const OF_WORKER = { stage: 'pipeline', by: 'worker' } as const;
const NEVER_SETTLED = 'something kept changing it; it was examined as it was at one moment';

async function lostAt(path: Buffer): Promise<Examined> {
  return { type: 'lost', state: await whatStandsAt(path) };
}

function failedByEngine({ files }: ExaminedUnit): boolean {
  return files.some(({ outcome }) =>
    outcome.gaps.some(
      ({ stage, reason }) =>
        stage === 'analyze' && reason === 'engine_failed' && ENGINE_AWAY.includes(reason),
    ),
  );
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
