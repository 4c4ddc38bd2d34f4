import type { FileResult } from '../contracts/index.ts';
import type { Decision, Verdict } from '../domain/index.ts';

/** A scan without its report. */
export interface ScanSummary {
  readonly id: string;
  readonly file: string;
  readonly path: Uint8Array;
  readonly started_at: string;
  readonly finished_at: string;
  readonly decision: Decision;
  readonly verdict: Verdict;
  readonly score: number;
  readonly provisional: boolean;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly policy_sha256: string;
  readonly tool_version: string;
}

export interface ScanFilter {
  readonly decision?: Decision | undefined;
  readonly kind?: string | undefined;
  readonly rule?: string | undefined;
  /** The path begins with these bytes. */
  readonly under?: Uint8Array | undefined;
  readonly sha256?: string | undefined;
  readonly file?: string | undefined;
  /** Finished in [since, until). */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** What was found, scan by scan. */
export interface ScanArchive {
  /** Newest first; keyset by `before`, an id of the page before. */
  list(options: {
    readonly filter?: ScanFilter;
    readonly limit: number;
    readonly before?: string | undefined;
  }): Promise<readonly ScanSummary[]>;

  /** With its report; `result` is null once retention has removed it. */
  get(
    id: string,
  ): Promise<(ScanSummary & { readonly result: FileResult | null; readonly engines: unknown }) | null>;
}
