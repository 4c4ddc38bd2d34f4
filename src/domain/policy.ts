import type { FindingKind } from './finding.ts';
import type { GapReason } from './gap.ts';

export type GapRule = 'tolerate' | 'review' | 'quarantine';

/** What to do about a gap in the file itself, and about one in something inside it. */
export interface GapRules {
  readonly root: GapRule;
  readonly nested: GapRule;
}

/** A gap that is known and accepted. All given fields must match. */
export interface AcceptedGap {
  readonly reason: GapReason;
  /** MIME type or container format; null matches any. */
  readonly format: string | null;
  /** Matched against the trail joined with `/`; the pattern language is that of `matches`. */
  readonly path: string;
  /** RFC 3339 UTC; null: without an end. */
  readonly until: string | null;
  readonly why: string;
}

/** Weights, thresholds and gap rules: everything that turns findings and gaps into a decision. */
export interface Policy {
  /** Of the effective policy (defaults filled in), so that equal policies have equal hashes. Lower-case hex. */
  readonly sha256: string;
  /** Every `tolerate` becomes `review`. */
  readonly strict: boolean;
  /** Integers >= 0, in points. */
  readonly weights: Readonly<Record<FindingKind, number>>;
  readonly thresholds: {
    /** Score at or below this: approve. */
    readonly auto_approve: number;
    /** Score at or below this (and above auto_approve): review; above: quarantine. */
    readonly manual_review: number;
  };
  readonly gaps: Readonly<Record<GapReason, GapRules>>;
  /** 0..1 of a tree's bytes; more uninspected content than this is reviewed, whatever was tolerated. */
  readonly max_uninspected_share: number;
  /** Rule, namespace or tag name to weight; a rule's own entry stands before its namespace's, that before a tag's. */
  readonly yara_weights: Readonly<Record<string, number>>;
  readonly accept: readonly AcceptedGap[];
}
