import type { Summary } from '../contracts/index.ts';

/** Which decisions make the exit code non-zero. */
export const FAIL_ON = ['quarantine', 'review', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** CONTRACTS 2: clamscan's codes plus one. When several hold: 1 > 2 > 3 > 0; an interruption stands before all. */
/** `missed`: an engine that is required did not look at everything. */
export function exitCode(summary: Summary, failOn: FailOn, missed = false): 0 | 1 | 2 | 3 | 130 {
  if (summary.interrupted) return 130;
  if (summary.quarantine > 0 && failOn !== 'never') return 1;
  if (summary.errors > 0 || missed) return 2;
  // What the cache told wrong may have been approved before that was seen.
  const doubtful = summary.manual_review > 0 || (summary.cache?.mismatched ?? 0) > 0;
  if (doubtful && failOn === 'review') return 3;
  return 0;
}
