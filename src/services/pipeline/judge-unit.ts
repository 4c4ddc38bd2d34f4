import type { FileResult } from '../../contracts/index.ts';
import type { Unit } from '../../intake/index.ts';
import {
  asIfEnginesWereBack,
  judge,
  judgeBasis,
  type Basis,
  type ExaminedUnit,
  type Judge,
} from '../../pipeline/index.ts';
import type { ScanRecord } from '../../store/index.ts';

/** What a unit is told as. */
type UnitShape = Pick<Unit, 'display' | 'kind' | 'files'>;

/** What the decision about a row of the store rests on, as the store keeps it. */
export interface UnitBasis extends Basis {
  readonly unit: UnitShape;
}

export function shapeOf({ display, kind, files }: Unit): UnitShape {
  return { display, kind, files };
}

/** What follows from a basis now; null where there is nothing to judge. */
export function judgeUnit(
  basis: UnitBasis,
  judgement: Judge,
): Omit<ScanRecord, 'started_at' | 'finished_at' | 'tool_version' | 'engines'> | null {
  const judged = judgeBasis(basis, judgement);
  const result = asOne(
    judged.map((one) => one.result),
    basis.unit,
  );
  if (result === null) return null;
  return {
    result,
    policy_sha256: judgement.policy.sha256,
    release_provisional: judgement.policy.release_provisional,
    awaits_engines:
      result.provisional && awaitsEngines({ files: judged, is_one: basis.is_one, lost: null }, judgement),
    basis,
  };
}

/** Nobody has to look at it but the engines that were away. */
export function awaitsEngines(examined: ExaminedUnit, judgement: Judge): boolean {
  return judge(asIfEnginesWereBack(examined), judgement).every(
    ({ result }) => result.decision === 'auto_approve',
  );
}

/** One line for all: the worst decides, and the volumes of an archive are told as the first of them. */
function asOne(results: readonly FileResult[], { display, kind, files }: UnitShape): FileResult | null {
  const [first, ...others] = results;
  if (first === undefined) return null;
  if (others.length === 0) return { ...first, path: display };
  const order = ['auto_approve', 'manual_review', 'quarantine'];
  const worst = results.reduce((a, b) => (order.indexOf(b.decision) > order.indexOf(a.decision) ? b : a));
  const sum = (of: (result: FileResult) => number): number =>
    results.reduce((total, one) => total + of(one), 0);
  return {
    ...worst,
    path: display,
    size: sum(({ size }) => size ?? 0),
    sha256: null,
    content_type: {
      ...first.content_type,
      description: `${first.content_type.description} (${kind}: ${files} files)`,
    },
    score: Math.max(...results.map(({ score }) => score)),
    provisional: worst.decision !== 'quarantine' && results.some(({ provisional }) => provisional),
    findings: results.flatMap(({ findings }) => findings).slice(0, MAX_LINES),
    gaps: results.flatMap(({ gaps }) => gaps).slice(0, MAX_LINES),
    coverage: {
      ...first.coverage,
      artifacts: sum(({ coverage }) => coverage.artifacts),
      bytes: sum(({ coverage }) => coverage.bytes),
    },
    duration_ms: sum(({ duration_ms }) => duration_ms),
  };
}

const MAX_LINES = 1000;
