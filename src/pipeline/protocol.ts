import type { EngineEndpoints, HashSetsEndpoint, Outcome } from '../analyze/index.ts';
import type { Coverage, Finding, Gap, Measurement, RansomwareName, BudgetLimits } from '../domain/index.ts';
import type { WorkerStats } from './stats/collect.ts';

import type { FileIdentity } from '../intake/index.ts';

/** What the parent and its scan workers say to each other, over the child's IPC channel: lists of these messages. */

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
  /** Absent: nothing is known before, and nothing is kept. */
  readonly verdicts?: VerdictSetup;
}

/** Whose word is kept, by analyzer: what stands for all that its answers depend on beside the artifact. */
export type VerdictSetup = Readonly<Record<string, KeptJudge>>;

export interface KeptJudge {
  readonly judge: string;
  /** Whether its answer depends on more of the artifact than its bytes (Analyzer.beside). */
  readonly beside: boolean;
}

/** What one analyzer says of one content. */
export interface Asked {
  readonly engine: string;
  readonly judge: string;
  readonly sha256: string;
  readonly size: number;
  readonly beside: string;
}

export interface Judged extends Asked {
  readonly outcome: Outcome;
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
  readonly look?: Look;
}

/** How a file is looked at, where what is known of it may serve. */
export interface Look {
  /** SHA-256 of contents of its size and name whose outcome is known: if it is one of them, nothing is examined. */
  readonly known: readonly Uint8Array[];
  /** A content of its size was judged: if this is that, engines need none of its bytes. It is hashed before it goes past them. */
  readonly hash_first: boolean;
  /** Everything is examined and asked for again, whatever is known. */
  readonly fresh: boolean;
  /** Its metadata are wanted as they stood when it was read, made durable before. */
  readonly stamp: boolean;
}

/** A file's metadata before its first byte was read, and the same after its last. */
export interface Stamp {
  readonly identity: FileIdentity;
  /** The clock just before, in ms since 1970. */
  readonly looked_at: number;
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
  /** What engines were asked, and what was known of their answers; absent where nothing is kept. */
  readonly work?: EngineWork;
  /** Set when it was found out before: how it was told that this is the same. */
  readonly cached?: Cached;
}

/** Artifacts, by analyzer. */
export interface EngineWork {
  readonly asked: Readonly<Record<string, number>>;
  readonly known: Readonly<Record<string, number>>;
}

export interface Cached {
  /** `content`: it was read, and has the same SHA-256. `metadata`: it was not read. */
  readonly by: 'content' | 'metadata';
  /** RFC 3339. */
  readonly examined_at: string;
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

export type ToWorker =
  | WorkerSetup
  | Job
  | StatsQuestion
  | { readonly type: 'known'; readonly id: number; readonly outcomes: readonly (Outcome | null)[] }
  | { readonly type: 'known_size'; readonly id: number; readonly known: boolean };

export type FromWorker =
  | { readonly type: 'ready' }
  /** At least once a second while there is work: proof of life, and what the progress bar shows. */
  | { readonly type: 'alive'; readonly bytes: number; readonly artifacts: number }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  | { readonly type: 'seen'; readonly id: number; readonly seen: Seen }
  /** Answered by `known`, in the same order. */
  | { readonly type: 'ask'; readonly id: number; readonly asked: readonly Asked[] }
  /** Was a content of that size judged? Answered by `known_size`. */
  | { readonly type: 'ask_size'; readonly id: number; readonly size: number }
  | { readonly type: 'judged'; readonly judged: readonly Judged[] }
  /** The file is one of those that were known (Look.known). */
  | { readonly type: 'same'; readonly id: number; readonly sha256: string; readonly stamp: Stamp }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly outcome: TreeOutcome;
      readonly set?: SetOutcome;
      /** Absent where it was not asked for, or the file did not stay the same. */
      readonly stamp?: Stamp;
    };
