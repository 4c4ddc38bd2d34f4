import type { ScanRecord } from '../store/index.ts';
import { asIfEnginesWereBack, basisOf, judgeBasis, type Basis } from './basis.ts';
import type { ExaminedUnit } from './examine-unit.ts';
import { asOne, type UnitShape } from './examine-whole.ts';
import { judge, type Judge } from './judge.ts';

/** What the decision about a row of the store rests on, as the store keeps it. */
export interface UnitBasis extends Basis {
  readonly unit: UnitShape;
}

/** What was decided of a unit, and what it rests on. */
export type JudgedUnit = Omit<ScanRecord, 'started_at' | 'finished_at' | 'tool_version' | 'engines'>;

export function unitBasis(examined: ExaminedUnit, unit: UnitShape): UnitBasis {
  return { ...basisOf(examined), unit };
}

/** What follows from a basis now; null where there is nothing to judge. */
export function judgeUnit(basis: UnitBasis, judgement: Judge): JudgedUnit | null {
  const judged = judgeBasis(basis, judgement);
  const result = asOne(judged, basis.unit);
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
