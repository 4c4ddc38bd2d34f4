import type { ConnectionPool } from './connection-pool.ts';
import type { Pressure } from './pressure.ts';
import type { ProvenSize } from './proven-size.ts';
import type { SignOfLife } from './sign-of-life.ts';
import type { SmallStreams } from './small-streams.ts';
import type { ClamdTimeouts } from './timeouts.ts';
import type { Verdict } from './verdict.ts';

/** What all examinations of one analyzer share. */
export interface ClamdAccess {
  readonly pool: ConnectionPool;
  /** Artifacts of at most SMALL_BYTES, many in one session. */
  readonly small: SmallStreams;
  readonly timeouts: ClamdTimeouts;
  /** For people. */
  readonly address: string;
  /** In doubt when an artifact had no answer in time. */
  readonly life: SignOfLife;
  /** Why its not finding anything says little; null when it says what it should. */
  readonly stale: string | null;
  /** How many streams it judges for us at a time. */
  readonly pressure: Pressure;
  /** How much of an artifact may go into one stream. */
  readonly sizes: ProvenSize;
}

/**
 * Takes note of how a stream ended that was sent at `since` (monotonic, in ms). Returns it with what else is known of a missing
 * answer.
 */
export function noted<V extends Pick<Verdict, 'kind'>>(
  { life, pressure }: Pick<ClamdAccess, 'life' | 'pressure'>,
  verdict: V | Extract<Verdict, { kind: 'late' }>,
  since: number,
): V | Extract<Verdict, { kind: 'late' }> {
  const { kind } = verdict;
  if (kind === 'clean' || kind === 'found' || kind === 'error') life.seen();
  if (!isLate(verdict)) return verdict;
  life.missed();
  const why = pressure.whyLate(since);
  return why === null ? verdict : { ...verdict, detail: `${verdict.detail}; ${why}` };
}

function isLate(verdict: Pick<Verdict, 'kind'>): verdict is Extract<Verdict, { kind: 'late' }> {
  return verdict.kind === 'late';
}
