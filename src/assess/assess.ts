import { harsher } from '../domain/index.ts';
import type {
  Assessment,
  Baseline,
  Coverage,
  Decision,
  Finding,
  Gap,
  JudgedGap,
  Policy,
  WeighedFinding,
} from '../domain/index.ts';
import { acceptance } from './acceptance.ts';
import { groundsOf } from './grounds.ts';
import { judgeGap } from './judge-gap.ts';
import { inOrderOfFindings, inOrderOfGaps } from './order.ts';
import { scoreOf } from './score.ts';
import { verdictOf } from './verdict.ts';
import { weigh } from './weigh.ts';

/** One tree as the stages left it. */
export interface Scanned {
  /** `artifact` is -1 for what is true of the tree itself (`mass_encryption`): scored like one more artifact. */
  readonly findings: readonly Finding[];
  readonly gaps: readonly Gap[];
  readonly coverage: Coverage;
}

/** More grounds than a person reads; there are fewer as long as there are fewer reasons and rules than this. */
const MAX_REASONS = 50;

/**
 * What follows from one tree's findings and gaps under a policy, with `baseline` and the policy's own accepted
 * gaps as they stand at `asOf` (RFC 3339). Depends on nothing else, not even on the order of findings and gaps;
 * one more of either never makes the decision milder.
 */
export function assess(scanned: Scanned, policy: Policy, baseline: Baseline, asOf: string): Assessment {
  const known = acceptance(policy, baseline, asOf);
  const findings = inOrderOfFindings(scanned.findings).map((finding): WeighedFinding => {
    const accepted = known.ofFinding(finding) ?? finding.known_good ?? null;
    return { ...finding, accepted, weight: accepted === null ? weigh(finding, policy) : 0 };
  });
  const gaps = inOrderOfGaps(scanned.gaps).map((gap) => judgeGap(gap, policy, known.ofGap(gap)));
  const score = scoreOf(findings);
  const grounds = groundsOf(score, findings, gaps, scanned.coverage.bytes, policy);
  const decision = grounds.reduce<Decision>(
    (worst, ground) => harsher(worst, ground.decision),
    'auto_approve',
  );
  return {
    score: score.score,
    lines: score.lines,
    verdict: verdictOf(findings, gaps, policy),
    decision,
    provisional: decision !== 'quarantine' && gaps.some(mayStillTurnOut),
    reasons: grounds.slice(0, MAX_REASONS).map((ground) => ground.reason),
    findings,
    gaps,
  };
}

/** An engine that may come back, and whose absence the policy lets pass until then. */
function mayStillTurnOut(gap: JudgedGap): boolean {
  return gap.reason === 'engine_unavailable' && gap.rule === 'tolerate';
}
