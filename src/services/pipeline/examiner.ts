import type { Decision, Finding } from '../../domain/index.ts';
import type { UnitOptions } from '../../intake/index.ts';
import type { Attack, EngineWatch, Judge, Workers } from '../../pipeline/index.ts';
import type { Store } from '../../store/index.ts';

/** What an examination needs of the service. */
export interface Examiner {
  readonly pool: Workers;
  readonly engines: EngineWatch;
  /** As it is now. */
  readonly judge: () => Judge;
  readonly ours: UnitOptions['ours'];
  readonly store: Store;
  readonly version: string;
  /** Whether what is decided so has a place that it goes to. */
  readonly moves: (decision: Decision) => boolean;
  /** How long a file that an engine failed at waits for it before it is tried again, in ms. */
  readonly engine_wait_ms: number;
  /** Counts what was found in a file that arrived; null: its folder is not under attack. */
  readonly arrived: (path: Buffer, findings: readonly Finding[]) => Promise<Attack | null>;
  readonly signal: AbortSignal;
}
