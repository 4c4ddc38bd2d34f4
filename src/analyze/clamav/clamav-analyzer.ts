import type { Analyzer } from '../analyzer.ts';
import { type ClamdAddress, describeAddress } from './address.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Pressure } from './pressure.ts';
import { ProvenSize } from './proven-size.ts';
import { SignOfLife } from './sign-of-life.ts';
import { SmallStreams } from './small-streams.ts';
import { StreamExamination } from './stream-examination.ts';
import { type ClamdTimeouts, DEFAULT_CLAMD_TIMEOUTS } from './timeouts.ts';

/** A clamd as it was found. Plain data. */
export interface ClamdEndpoint {
  readonly address: ClamdAddress;
  /** Bytes that its database names; null: none that we know of. */
  readonly canary: Uint8Array | null;
  /** Why what it finds nothing in is not examined well (its signatures are old); null: it is. */
  readonly stale: string | null;
  /** Streams that it scans at a time; null: it does not say. */
  readonly threads: number | null;
}

/** `threads`: those that are for this analyzer alone. */
export interface ClamavOptions extends Partial<ClamdEndpoint> {
  readonly address: ClamdAddress;
  /** What is left out takes its default. */
  readonly timeouts?: Partial<ClamdTimeouts>;
}

/**
 * Streams every artifact to clamd (INSTREAM) while it goes past. Up to 1 MiB is held and sent whole at the end;
 * how many artifacts stream at once is the caller's business, how many are judged at once is clamd's.
 */
export function clamavAnalyzer(options: ClamavOptions): Analyzer {
  const timeouts = { ...DEFAULT_CLAMD_TIMEOUTS, ...options.timeouts };
  const canary = options.canary == null ? null : Buffer.from(options.canary);
  const life = new SignOfLife(options.address, canary, timeouts);
  const pool = new ConnectionPool(options.address, timeouts, {
    canary,
    life,
    onReturn: () => sizes.forget(),
  });
  const sizes = new ProvenSize(canary, pool, life, timeouts);
  const access = {
    pool,
    life,
    small: new SmallStreams(pool, life, timeouts),
    sizes,
    timeouts,
    address: describeAddress(options.address),
    stale: options.stale ?? null,
    pressure: new Pressure(options.address, options.threads ?? null),
  };
  return {
    id: 'clamav',
    version: 'clamav/2',
    examine: (subject) => new StreamExamination(access, subject),
    beside: () => '',
    close: async () => pool.close(),
  };
}
