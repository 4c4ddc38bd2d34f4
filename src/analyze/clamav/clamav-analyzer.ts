import type { Analyzer } from '../analyzer.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { Breaker } from './breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import { StreamExamination } from './stream-examination.ts';
import { type ClamdTimeouts, DEFAULT_CLAMD_TIMEOUTS } from './timeouts.ts';

/** So many artifacts in a row without an answer in time, and clamd counts as hung. */
const HANGS = 3;

export interface ClamavOptions {
  readonly address: ClamdAddress;
  /** What is left out takes its default. */
  readonly timeouts?: Partial<ClamdTimeouts>;
}

/**
 * Streams every artifact to clamd (INSTREAM) while it goes past. Up to 1 MiB is held and sent whole at the end;
 * how many artifacts stream at once is the caller's business.
 */
export function clamavAnalyzer(options: ClamavOptions): Analyzer {
  const timeouts = { ...DEFAULT_CLAMD_TIMEOUTS, ...options.timeouts };
  const access = {
    pool: new ConnectionPool(options.address, timeouts),
    timeouts,
    address: describeAddress(options.address),
    hangs: new Breaker({ failures: HANGS, pause_ms: timeouts.hang_pause_ms }),
  };
  return {
    id: 'clamav',
    version: 'clamav/1',
    examine: (subject) => new StreamExamination(access, subject),
    close: async () => access.pool.close(),
  };
}
