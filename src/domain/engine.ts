import type { HashSetsState } from './hash-sets.ts';

/** What a scan says of an engine. `unproven`: it answers, but its canary is not in its database. */
export type EngineStatus = 'ok' | 'unproven' | 'unavailable' | 'failed' | 'off';

export interface ClamavState {
  readonly status: EngineStatus;
  /** `ClamAV 1.4.6/27500/…` as the daemon says it; null when it never answered. */
  readonly version: string | null;
  /** `127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl`; null when off. */
  readonly address: string | null;
  /** RFC 3339 UTC of the signature database; null when it does not say. */
  readonly database_time: string | null;
  /** How many there are in its database folder; null where that cannot be read. */
  readonly signatures: number | null;
  /** Why it is not `ok`, in words; null when it is. */
  readonly detail: string | null;
  /** What makes its OK worth less than it seems, in words: how it is configured, or that this is not known. */
  readonly caveats: readonly string[];
}

/** Of a clamd that is off, or does not answer. */
export function clamavAway(
  status: Extract<EngineStatus, 'unavailable' | 'off'>,
  address: string | null,
  detail: string | null,
): ClamavState {
  return { status, version: null, address, database_time: null, signatures: null, detail, caveats: [] };
}

export interface RejectedRule {
  /** Relative to the rules folder. */
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

export interface YaraState {
  readonly status: EngineStatus;
  readonly version: string | null;
  readonly rules: number;
  readonly rule_files: number;
  /** Over names and contents of all rule files in order; null without rules. */
  readonly rules_sha256: string | null;
  readonly rejected: readonly RejectedRule[];
  readonly address: string | null;
  readonly detail: string | null;
  /** What its rules read beside the bytes (`filename` …); absent: it does not say. In no report. */
  readonly externals?: readonly string[];
}

export interface Engines {
  readonly clamav: ClamavState;
  readonly yara: YaraState;
  /** Absent: there are none. */
  readonly hash_sets?: HashSetsState;
}

/** Rules that go at once, and that many, were hardly meant to (ATTACKS A19): somebody has to say so. */
const LEAST_SHARE_OF_RULES = 0.9;

export function areManyFewer(before: number, now: number): boolean {
  return now < before * LEAST_SHARE_OF_RULES;
}
