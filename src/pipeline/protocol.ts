import type { EngineEndpoints, HashSetsEndpoint } from '../analyze/index.ts';
import type { Coverage, Finding, Gap, Measurement, RansomwareName, BudgetLimits } from '../domain/index.ts';
import type { WorkerStats } from './stats/collect.ts';

/** What the parent and its scan workers say to each other, over the child's IPC channel. */

/** The first message: a worker has no environment and reads no configuration. */
export interface WorkerSetup extends EngineEndpoints {
  readonly type: 'setup';
  readonly entropy_threshold: number;
  readonly ransomware_names: readonly RansomwareName[];
  readonly hash_sets?: HashSetsEndpoint;
  readonly limits: BudgetLimits;
  readonly passwords: readonly string[];
  /** Made by the parent, who also removes it. */
  readonly scratch: string;
  /** How many there are of it. */
  readonly workers: number;
  /** It will be asked where its time went. */
  readonly stats?: boolean;
}

export interface Job {
  readonly type: 'scan';
  readonly id: number;
  /** Bytes of the path to open; null: the worker's standard input. */
  readonly path: Uint8Array | null;
  /** First name of the trail. */
  readonly name: string;
  /** Set when the file is the first part of an archive: what follows it, in order. */
  readonly rest?: RestOfSet;
}

/** The other parts of an archive. */
export interface RestOfSet {
  readonly parts: readonly { readonly path: Uint8Array; readonly name: string }[];
  /** They belong together whatever the first one holds. */
  readonly certain: boolean;
}

/** What came of the other parts, and of all of them as one. */
export interface SetOutcome {
  readonly rest: readonly TreeOutcome[];
  /** null: they were not joined, and were examined as files like any other. */
  readonly joined: TreeOutcome | null;
}

/** What was seen of a tree so far: sent whenever there is something worth not losing. */
export interface Seen {
  readonly findings: readonly Finding[];
  readonly gaps: readonly Gap[];
}

/** A tree examined to its end. */
export interface TreeOutcome extends Seen {
  readonly measurements: readonly Measurement[];
  readonly coverage: Coverage;
  /** The root file itself. */
  readonly root: RootFacts;
  readonly omitted: { readonly findings: number; readonly gaps: number };
  readonly duration_ms: number;
}

export interface RootFacts {
  /** In bytes; null when it could not be opened. */
  readonly size: number | null;
  readonly sha256: string | null;
  readonly content_type: {
    readonly mime: string;
    readonly description: string;
    readonly claimed: string | null;
  };
  /** Which inode was scanned; null for a stream, and when it could not be opened. */
  readonly identity: { readonly dev: bigint; readonly ino: bigint } | null;
}

/** Where did the time go? Asked once, when there is nothing more to scan. */
export interface StatsQuestion {
  readonly type: 'stats';
}

export type ToWorker = WorkerSetup | Job | StatsQuestion;

export type FromWorker =
  | { readonly type: 'ready' }
  /** At least once a second while there is work: proof of life, and what the progress bar shows. */
  | { readonly type: 'alive'; readonly bytes: number; readonly artifacts: number }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  | { readonly type: 'seen'; readonly id: number; readonly seen: Seen }
  | { readonly type: 'done'; readonly id: number; readonly outcome: TreeOutcome; readonly set?: SetOutcome };
