import type { FindingKind } from './finding.ts';
import type { GapReason } from './gap.ts';

/** One finding or gap that a person has already judged, bound to the content it was seen in. */
export interface BaselineEntry {
  /** Of the artifact (root or member) that the finding or gap belongs to. */
  readonly sha256: string;
  /** Where it was seen, for the person who judges; decides nothing. */
  readonly where?: string | null;
  /** A finding: both set. A gap: both null. */
  readonly kind: FindingKind | null;
  readonly rule: string | null;
  /** A gap: both set. A finding: both null. */
  readonly reason: GapReason | null;
  readonly by: string | null;
  readonly who: string;
  readonly why: string;
  /** RFC 3339 UTC; null: without an end. */
  readonly until: string | null;
}

export type Baseline = readonly BaselineEntry[];
