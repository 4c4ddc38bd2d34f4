/** How long what is kept. How large each is was measured: docs/store.md. The journal is kept for ever. */
export interface RetentionPolicy {
  /** Reports of scans, in days; those of what is held or in quarantine stay. */
  readonly report_days: number;
  /** All reports together, in bytes; the oldest go first. */
  readonly report_bytes: number;
  /** Files that have come to an end (superseded, gone, restored, deleted), with their scans and dispositions. */
  readonly ended_days: number;
}

/** 90 days, as long as the usual backup is kept; 2 GiB are four million reports; and a year with its audit. */
export const RETENTION: RetentionPolicy = {
  report_days: 90,
  report_bytes: 2 * 1024 ** 3,
  ended_days: 400,
};

export interface Retained {
  readonly reports: number;
  readonly files: number;
  /** The clock has jumped: nothing was removed. */
  readonly suspended: boolean;
}
