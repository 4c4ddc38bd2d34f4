import type { Generated } from 'kysely';
import type {
  Decision,
  DispositionKind,
  DispositionState,
  StoredItem,
  UnitKind,
  Verdict,
} from '../../domain/index.ts';
import type { SinkStanding } from '../event-sinks.ts';
import type { Review } from '../review-list.ts';
import type { FileState, Lane } from '../watched-file.ts';

/*
 * The tables, for every database behind Kysely. Paths are BLOBs: names are bytes. Instants are RFC 3339 UTC to the
 * millisecond, so that text sorts by time. What `fstat` gives as 64 bits is decimal text. Truth values are 0 and 1.
 */

export interface FileRow {
  readonly id: string;
  readonly path: Uint8Array;
  readonly unit: UnitKind;
  /** 1 while it is at its path; at most one file a path is. */
  readonly at_path: number;
  readonly dev: string;
  readonly ino: string;
  readonly size: string;
  readonly mtime_ns: string;
  readonly ctime_ns: string;
  readonly share: Uint8Array;
  readonly lane: Lane;
  /** When it is its share's turn: the files of one share come one after the other, shares side by side. */
  readonly turn: number;
  readonly never_settled: number;
  readonly state: FileState;
  readonly suspect: number;
  readonly attempts: number;
  /** Of the process that took it; a lease of another session has ended with it. */
  readonly session: string | null;
  readonly lease: string | null;
  /** Milliseconds on the session's monotonic clock. */
  readonly lease_until: number | null;
  readonly accepted_at: string;
  readonly changed_at: string;
  readonly location: Uint8Array | null;
  readonly scan: string | null;
  readonly sha256: string | null;
  readonly decision: Decision | null;
  readonly verdict: Verdict | null;
  readonly provisional_since: string | null;
  readonly detail: string | null;
  /** How often it could not be disposed of, one time after the other. */
  readonly pended: number;
}

export interface ScanRow {
  readonly id: string;
  readonly file: string;
  readonly path: Uint8Array;
  readonly started_at: string;
  readonly finished_at: string;
  readonly decision: Decision;
  readonly verdict: Verdict;
  readonly score: number;
  readonly provisional: number;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly policy_sha256: string;
  readonly tool_version: string;
  readonly engines: string;
  /** JSON under zstd; null once retention has removed it. */
  readonly report: Uint8Array | null;
}

export interface Tables {
  readonly files: FileRow;
  readonly scans: ScanRow;
  /** Kinds and rules that weighed in a scan, for filters. */
  readonly scan_rules: { readonly scan: string; readonly kind: string; readonly rule: string };
  readonly dispositions: {
    readonly id: string;
    readonly kind: DispositionKind;
    readonly state: DispositionState;
    readonly item: string | null;
    readonly file: string | null;
    /** JSON, bytes as base64. */
    readonly intent: string;
    readonly begun_at: string;
    readonly ended_at: string | null;
  };
  readonly items: {
    readonly id: string;
    readonly kind: StoredItem['kind'];
    readonly file: string | null;
    readonly origin: Uint8Array;
    readonly location: Uint8Array;
    readonly sha256: string;
    readonly taken_at: string;
    /** JSON. */
    readonly facts: string;
    /** 0 once it has been restored, released or deleted. */
    readonly present: number;
  };
  readonly item_rules: {
    readonly item: string;
    readonly kind: StoredItem['kind'];
    readonly rule: string;
    readonly taken_at: string;
  };
  readonly reviews: {
    readonly id: string;
    readonly file: string;
    readonly scan: string | null;
    readonly path: Uint8Array;
    readonly unit: UnitKind;
    readonly location: Uint8Array | null;
    readonly sha256: string | null;
    readonly size: number | null;
    readonly opened_at: string;
    /** JSON lists. */
    readonly reasons: string;
    readonly rules: string;
    readonly grounds: string;
    readonly state: Review['state'];
    readonly who: string | null;
    readonly reason: string | null;
    readonly answered_sha256: string | null;
    readonly answered_at: string | null;
    readonly remember: number;
    readonly until_at: string | null;
    readonly escalated_at: string | null;
    /** Since when it is not remembered any more. */
    readonly forgotten_at: string | null;
    readonly forgotten_by: string | null;
  };
  /** What weighed in a review, for filters: a finding's kind and rule; of a gap `gap` and `reason:by`. */
  readonly review_rules: { readonly kind: string; readonly rule: string; readonly review: string };
  readonly uploads: {
    readonly path: Uint8Array;
    readonly id: string;
    readonly folder: Uint8Array;
    readonly name: string;
    readonly who: string;
    readonly at: string;
    readonly arrived: number;
    readonly size: number;
  };
  readonly waivers: {
    readonly id: Generated<number>;
    readonly path: Uint8Array;
    readonly sha256: string;
    readonly item: string | null;
    /** 1: a person approved this content; 0: it was only brought back. */
    readonly approved: number;
    readonly made_at: string;
    readonly used_at: string | null;
  };
  /** What a person approved for good: this content, as long as nothing else is found in it, and no less of it is seen. */
  readonly remembered: {
    readonly review: string;
    readonly sha256: string;
    /** JSON list: all findings and gaps that the approval knew of. */
    readonly seen: string;
    readonly who: string;
    readonly reason: string;
    readonly made_at: string;
    readonly until_at: string | null;
  };
  /** What the release hook has not been told of yet: those that it was told of have no row. */
  readonly release_calls: {
    /** Hash of the journal's record of the approval. */
    readonly event: string;
    readonly seq: number;
    readonly file: string;
    readonly state: 'waiting' | 'failed';
    readonly attempts: number;
    readonly first_at: string;
    readonly next_at: string | null;
    readonly detail: string;
  };
  /** What a decision was made from, of the last scan of a file: for another policy (JSON under zstd). */
  readonly scan_bases: { readonly scan: string; readonly policy_sha256: string; readonly basis: Uint8Array };
  /** Top folders under attack, or that were; `mass` is JSON. */
  readonly attacks: {
    readonly path: Uint8Array;
    readonly since: string;
    readonly until_at: string;
    readonly mass: string;
  };
  /** What has not come to rest for a while: since when outlives the process. */
  readonly unsettled: { readonly path: Uint8Array; readonly met_at: string };
  readonly event_sinks: SinkStanding;
  readonly journal: { readonly seq: number; readonly hash: string; readonly line: string };
  readonly settings: { readonly name: string; readonly value: string };
}
