import { ENGINE_AWAY, isRoot } from '../domain/index.ts';
import type { Gap, GapRule, JudgedGap, Policy } from '../domain/index.ts';

/** The gap with what the policy says of it; `accepted` (in words) makes it tolerated, `strict` or not. */
export function judgeGap(gap: Gap, policy: Policy, accepted: string | null): JudgedGap {
  return { ...gap, accepted, rule: accepted === null ? ruleFor(gap, policy) : 'tolerate' };
}

function ruleFor(gap: Gap, policy: Policy): GapRule {
  const rule = configuredRule(gap, policy);
  return rule === 'tolerate' && (policy.strict || gap.reason === 'engine_failed') ? 'review' : rule;
}

/** As the policy file has it, before `--strict`. */
export function configuredRule(gap: Gap, policy: Policy): GapRule {
  const rules = policy.gaps[gap.reason];
  return isRoot(gap.trail) ? rules.root : rules.nested;
}

/** Both engines that know signatures were away from this tree, for whatever reasons. */
export function bothSignatureEnginesAway(gaps: readonly Gap[]): boolean {
  const away = (by: string): boolean => gaps.some((gap) => gap.by === by && ENGINE_AWAY.includes(gap.reason));
  return away('clamav') && away('yara');
}

export interface Uninspected {
  readonly bytes: number;
  /** What `bytes` is a share of; at least `bytes`, so that more of them never make the share smaller. */
  readonly of: number;
}

/** Content nobody could look into. Engines that are away say nothing of the content, accepted gaps are known. */
export function uninspected(gaps: readonly JudgedGap[], coveredBytes: number): Uninspected {
  let bytes = 0;
  for (const gap of gaps) {
    const ofContent = !(gap.stage === 'analyze' && ENGINE_AWAY.includes(gap.reason));
    if (!ofContent || gap.accepted !== null || gap.bytes === null || !(gap.bytes > 0)) continue;
    // Saturates, so that absurd figures stay comparable.
    bytes = Math.min(Number.MAX_SAFE_INTEGER, bytes + gap.bytes);
  }
  return { bytes, of: Math.max(coveredBytes, bytes) };
}
