import type { FileIdentity } from '../intake/index.ts';
import type { Job, RestOfSet, Seen, SetOutcome, Stamp, TreeOutcome } from './protocol.ts';

/** What came of one file. `lost`: its worker died or hung, even when it had nothing else to do. */
export type PoolOutcome = Exclude<Looked, { readonly type: 'same' }>;
export type Looked =
  | {
      readonly type: 'done';
      readonly outcome: TreeOutcome;
      readonly set?: SetOutcome;
      readonly stamp?: Stamp;
    }
  /** It is one of those that were known (Look.known). */
  | { readonly type: 'same'; readonly sha256: string; readonly stamp: Stamp }
  | { readonly type: 'lost'; readonly why: string; readonly seen: Seen };

export interface RunOptions {
  /** The other parts of an archive. */
  readonly rest?: RestOfSet;
  /** With a worker of its own. */
  readonly alone?: boolean;
  /** As a walk met it. */
  readonly met?: FileIdentity;
}

/** A file that waits for a worker, or is in one. */
export interface Task {
  readonly job: Job;
  readonly size: number;
  /** Its worker died while others were in it: it is tried again with a worker of its own. */
  alone: boolean;
  findings: Seen['findings'][number][];
  gaps: Seen['gaps'][number][];
  readonly resolve: (outcome: Looked) => void;
}

export function lose(task: Task, why: string): void {
  task.resolve({ type: 'lost', why, seen: task });
}
