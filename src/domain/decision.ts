import type { Finding } from './finding.ts';
import type { Gap } from './gap.ts';

/** Mild to severe. The order is used: a later one is never milder. */
export const DECISIONS = ['auto_approve', 'manual_review', 'quarantine'] as const;
export type Decision = (typeof DECISIONS)[number];

/** What we believe, in STIX 2.1's words. */
export const VERDICTS = ['benign', 'unknown', 'suspicious', 'malicious'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The more severe of two decisions. */
export function harsher(a: Decision, b: Decision): Decision {
  return DECISIONS.indexOf(a) >= DECISIONS.indexOf(b) ? a : b;
}

/** A finding with the weight that the policy gives it. */
export interface WeighedFinding extends Finding {
  /** The points it counts for; 0 when it is accepted. */
  readonly weight: number;
  /** Why it is known and accepted (a baseline entry): listed, but without points. null when it is not. */
  readonly accepted: string | null;
}

/** A gap with what the policy says of it. */
export interface JudgedGap extends Gap {
  readonly rule: 'tolerate' | 'review' | 'quarantine';
  /** Why it is known and accepted; null when it is not. Accepted is listed as accepted, never hidden. */
  readonly accepted: string | null;
}

/** One contribution to the score of the worst artifact. */
export interface ScoreLine {
  readonly kind: string;
  readonly points: number;
  readonly rule: string;
  readonly trail: readonly string[];
}

/** What follows from findings, gaps and a policy; the same input always gives the same assessment. */
export interface Assessment {
  readonly score: number;
  /** The contributions that make up `score`; they sum to it. */
  readonly lines: readonly ScoreLine[];
  readonly verdict: Verdict;
  readonly decision: Decision;
  /** An engine was away and the policy tolerates it: milder than it may turn out to be. */
  readonly provisional: boolean;
  /** Every ground that led past `auto_approve`, in words. Empty for an approval. */
  readonly reasons: readonly string[];
  readonly findings: readonly WeighedFinding[];
  readonly gaps: readonly JudgedGap[];
}
