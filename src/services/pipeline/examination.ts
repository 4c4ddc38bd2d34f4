import { lstat } from 'node:fs/promises';
import { nameFromBytes } from '../../bytes/index.ts';
import { ENGINE_AWAY, type Decision, type Gap } from '../../domain/index.ts';
import { isSameFile, unitAt, type FileIdentity, type Unit, type UnitOptions } from '../../intake/index.ts';
import {
  asOne,
  examineDropped,
  examineWhole,
  judge,
  MAX_DROPPED_FILES,
  recall,
  unexaminedUnit,
  type EngineWatch,
  type ExaminedUnit,
  type Judge,
  type Recalled,
  type WorkerPool,
} from '../../pipeline/index.ts';
import type { ScanRecord, Store, Work } from '../../store/index.ts';

export interface Examiner {
  readonly pool: WorkerPool;
  readonly engines: EngineWatch;
  /** As it is now. */
  readonly judge: () => Judge;
  readonly ours: UnitOptions['ours'];
  readonly store: Store;
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

/** How often a file may have been examined alone when the whole service died: nobody knows whose fault it was. */
const MAX_ALONE = 3;
const ENGINE_POLL_MS = 100;

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
  /** Files that an engine failed at are tried again one at a time (ATTACKS A1). */
  #again: Promise<unknown> = Promise.resolve();

  constructor(examiner: Examiner) {
    this.#examiner = examiner;
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

    const examined = await this.#examineWithEngines(before, work, alone);
    if (examined === null) return { type: 'ended' };
    const after = await unitAt(path, { kind: work.unit, ours });
    if (after === null || !isStill(after, work)) return lostAt(path);

    const whole = work.never_settled ? withGap(examined, 'never_settled', NEVER_SETTLED) : examined;
    const judgement = this.#examiner.judge();
    const result = asOne(judge(whole, judgement), before);
    if (result === null) return lostAt(path);
    const recalled = await recall(this.#examiner.store, result);
    return { type: 'scanned', scan: this.#record(started_at, recalled, judgement) };
  }

  #record(started_at: string, { result, remembered }: Recalled, { policy }: Judge): ScanRecord {
    const { engines, version } = this.#examiner;
    return {
      started_at,
      finished_at: new Date().toISOString(),
      result,
      policy_sha256: policy.sha256,
      tool_version: version,
      engines: engines.state,
      release_provisional: policy.release_provisional,
      ...(remembered === null ? {} : { remembered }),
    };
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
    const { decision } = dropped.result;
    if (!moves(decision) || (dropped.provisional && decision === 'auto_approve')) return null;
    const record = (recalled: Recalled): ScanRecord => this.#record(started_at, recalled, judgement);
    return {
      type: 'files',
      files: dropped.files.map((file) => ({ ...file, scan: record(file) })),
      scan: record({ result: dropped.result, remembered: null }),
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
    const { pool, store } = this.#examiner;
    const upload = await store.uploads.at(unit.path);
    return examineWhole(unit, pool, { alone, ...(upload === null ? {} : { called: upload.name }) });
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
