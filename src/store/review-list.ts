import type { Decision, UnitKind } from '../domain/index.ts';

/** A file that a person is to decide on. */
export interface Review {
  readonly id: string;
  readonly file: string;
  readonly scan: string | null;
  readonly path: Uint8Array;
  readonly unit: UnitKind;
  /** Its folder in the review folder, or where it was released to; null: it is held in place. */
  readonly location: Uint8Array | null;
  readonly sha256: string | null;
  readonly size: number | null;
  readonly opened_at: string;
  /** Since when it has waited too long; null: it has not. */
  readonly escalated_at: string | null;
  readonly reasons: readonly string[];
  readonly rules: readonly string[];
  /** Equal for reviews with the same grounds: what may be decided together. */
  readonly group: string;
  /** `closed`: the file went away, or was superseded, before anybody decided. */
  readonly state: 'open' | 'approved' | 'rejected' | 'closed';
  readonly answer: Answer | null;
  /** Since when its approval is not remembered any more, and by whom that was taken back; null: it was not. */
  readonly forgotten: { readonly at: string; readonly who: string } | null;
}

/** What a person said, for good. */
export interface Answer {
  readonly who: string;
  readonly reason: string;
  /** Of the bytes that were looked at: a different file is not what was approved (ATTACKS A20). */
  readonly sha256: string;
  readonly at: string;
  /** Approve this content with these findings and gaps in future too; until when (null: without an end). */
  readonly remember: boolean;
  readonly until: string | null;
}

export interface ReviewFilter {
  readonly state?: Review['state'] | undefined;
  readonly group?: string | undefined;
  /** A kind of finding, or `gap`; of a gap the rule is `reason:by`. */
  readonly kind?: string | undefined;
  readonly rule?: string | undefined;
  /** The path begins with these bytes. */
  readonly under?: Uint8Array | undefined;
  /** Opened in [since, until). */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly escalated?: boolean | undefined;
}

/** Open reviews with equal grounds. */
export interface ReviewGroup {
  readonly group: string;
  readonly reviews: number;
  readonly bytes: number;
  readonly rules: readonly string[];
  /** Of its oldest review. */
  readonly reasons: readonly string[];
  readonly oldest: string;
  readonly newest: string;
}

/** Open reviews of one group, counted. */
export interface GroupStanding {
  readonly reviews: number;
  readonly bytes: number;
  /** When the first of them was opened; null: there is none. */
  readonly oldest: string | null;
  readonly escalated: number;
}

/** An approval that holds in future too, for this content and what was known of it. */
export interface Remembered {
  readonly review: string;
  /** All findings and gaps that it knew of (contracts: `seenOf`). */
  readonly seen: readonly string[];
  readonly who: string;
  readonly reason: string;
  readonly until: string | null;
}

export interface ReviewList {
  /** Opens a review of a decided file that stays where it is: held in place. */
  holdInPlace(file: string, detail: string | null): Promise<Review>;
  /** Oldest first; keyset by `after`. */
  list(
    options: ReviewFilter & { readonly limit: number; readonly after?: string | undefined },
  ): Promise<readonly Review[]>;
  /**
   * Of open reviews, the largest first; keyset by `after`, the last one of the page before. What grows or shrinks meanwhile moves, as
   * in any list that is ordered by what changes.
   */
  groups(options: {
    readonly limit: number;
    readonly after?: Pick<ReviewGroup, 'reviews' | 'group'> | undefined;
  }): Promise<readonly ReviewGroup[]>;
  /** How many groups have open reviews. */
  countGroups(): Promise<number>;
  /** How the open reviews of one group stand. */
  standing(group: string): Promise<GroupStanding>;
  /**
   * Up to `limit` open reviews that were opened before that have waited too long from now on: they are marked, and the journal
   * says so, one record a group. Nothing is decided by it. Resolves to how many.
   */
  escalate(before: string, limit: number): Promise<number>;
  get(id: string): Promise<Review | null>;
  /** Ids that begin with this, or whose part after the dash does. At most ten. */
  find(abbreviation: string): Promise<readonly string[]>;
  /**
   * Writes an answer down, with the journal, and with it what follows: the file is `decided` again with that
   * decision, and its disposition is to be carried out; what was released, and is approved again, stays where it is. Throws BL_STORE when the review is not open, or the SHA-256
   * is not the held file's; BL_USAGE when it cannot be remembered: the report is gone or does not list everything, or what
   * was found is malicious.
   */
  answer(
    id: string,
    decision: Extract<Decision, 'auto_approve' | 'quarantine'>,
    answer: Omit<Answer, 'at'>,
  ): Promise<Review>;
  /** The same of many, all or none: what `answer` would throw of one of them is thrown. A few hundred at a time. */
  answerAll(
    items: readonly { readonly id: string; readonly sha256: string }[],
    decision: Extract<Decision, 'auto_approve' | 'quarantine'>,
    answer: Omit<Answer, 'at' | 'sha256'>,
  ): Promise<void>;
  /** Approvals of this content that still hold, the newest first. */
  remembered(sha256: string): Promise<readonly Remembered[]>;
  /**
   * Takes back that an approval is remembered, with the journal: from here on nothing is approved because of it. What stands approved
   * stays so. null: there is nothing to be taken back.
   */
  forget(id: string, by: Pick<Answer, 'who' | 'reason'>): Promise<Review | null>;
  /** The last one about this file, in any state. */
  lastOf(file: string): Promise<Review | null>;
}

/** Whether a file stands approved. */
export interface GateAnswer {
  readonly approved: boolean;
  /** One sentence for people. */
  readonly because: string;
  /** The file that the answer is about; null when nothing is known. */
  readonly file: string | null;
  readonly scan: string | null;
  readonly decision: Decision | null;
  readonly decided_at: string | null;
}

/** What a restore script asks. */
export interface Gate {
  /**
   * By place and content: approved only if the file at this path (or released to it) was scanned with this SHA-256,
   * and what was decided then is an approval that is neither provisional nor waiting for anything. A place that
   * holds other content than what was scanned is not approved.
   */
  at(path: Uint8Array, sha256: string): Promise<GateAnswer>;
  /** By content alone: approved if it stands approved somewhere, and was never decided otherwise since. */
  anywhere(sha256: string): Promise<GateAnswer>;
}
