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
  /** The service releases and moves what was approved while an engine was away, before the engine is back. */
  readonly release_provisional: boolean;
}

/** Where a file says nothing. config/scoring.yaml says the same, with the reasons; a test holds both together. */
export const DEFAULT_POLICY: Omit<Policy, 'sha256' | 'strict'> = {
  weights: {
    mime_mismatch: 30,
    clamav_infected: 200,
    clamav_heuristic: 60,
    yara_match: 120,
    high_entropy: 40,
    encryption_suspected: 60,
    mass_encryption: 120,
    ransom_note: 70,
    unsafe_archive: 110,
    known_bad_hash: 200,
    hidden_change: 60,
  },
  thresholds: { auto_approve: 50, manual_review: 100 },
  gaps: {
    engine_off: { root: 'tolerate', nested: 'tolerate' },
    engine_unavailable: { root: 'tolerate', nested: 'tolerate' },
    engine_failed: { root: 'review', nested: 'review' },
    timed_out: { root: 'review', nested: 'review' },
    budget_exceeded: { root: 'review', nested: 'review' },
    encrypted: { root: 'review', nested: 'review' },
    opaque: { root: 'review', nested: 'tolerate' },
    corrupt: { root: 'review', nested: 'tolerate' },
    unsupported_format: { root: 'review', nested: 'tolerate' },
    unreadable: { root: 'review', nested: 'review' },
    changed: { root: 'review', nested: 'review' },
    never_settled: { root: 'review', nested: 'review' },
  },
  max_uninspected_share: 0.05,
  yara_weights: {},
  accept: [],
  release_provisional: false,
};
