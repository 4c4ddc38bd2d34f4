import type { Decision } from '../domain/index.ts';
import type { ScanRecord } from './file-queue.ts';
import type { FileState, WatchedFile } from './watched-file.ts';

/** A file that stands decided, with what its decision was made from. */
export interface EarlierJudgement {
  readonly file: WatchedFile;
  readonly scan: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly tool_version: string;
  readonly engines: unknown;
  readonly decision: Decision;
  /** As it was recorded. */
  readonly basis: unknown;
}

/** What came of another judgement. */
export interface JudgedAgain {
  /** It was harsher than what stood, and stands now. */
  readonly tightened: boolean;
  readonly state: FileState;
}

export interface RulesInForce {
  readonly sha256: string;
  readonly count: number;
}

/**
 * Decisions that are made once more: by another policy, or with an engine that was away. They only ever tighten (ATTACKS
 * A19), and what a person has approved is left alone.
 */
export interface Judgements {
  /** This policy decides from now on. False when it did already; otherwise the journal says so. */
  takePolicy(sha256: string): Promise<boolean>;
  /** These rules find things from now on. False when they did already; otherwise the journal says so, and whether many are gone. */
  takeRules(rules: RulesInForce): Promise<boolean>;
  /** Up to `limit` files that were last judged under another policy; none: all are judged. */
  underOther(policy: string, limit: number): Promise<readonly EarlierJudgement[]>;
  /** Under this policy nothing harsher follows. */
  stands(scan: string, policy: string): Promise<void>;
  /** Held files that were examined while an engine was away, the oldest first; keyset by `after`. */
  heldProvisionally(options: {
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WatchedFile[]>;
  /**
   * Enters a judgement of a file whose last scan is `scan`: where that is another by now, nothing happens, and null is
   * the answer. A harsher one moves the file on: to be held or quarantined; what is released stays where it
   * is, and does not stand approved any more.
   */
  again(file: string, scan: string, judged: ScanRecord, why: string): Promise<JudgedAgain | null>;
}
