/** A unit that has not come to rest for a while. */
export interface Lingering {
  readonly path: Uint8Array;
  /** When intake met it first. */
  readonly met_at: string;
}

/** A folder that looks like the beginning of a set: nothing of it is taken yet. */
export interface BegunSet {
  readonly path: Uint8Array;
  /** What it looks like: `restic` … */
  readonly kind: string;
  readonly met_at: string;
}

/** What the last look at the watched folder found not at rest. */
export interface Unrest {
  readonly files: number;
  readonly oldest_at: string | null;
  /** Of these, what looks like the beginning of a set: how many, and the first of them. */
  readonly begun_sets: number;
  readonly begun: readonly BegunSet[];
}

/** What has not come to rest yet: nothing of it is accepted, and since when it has been so outlives the process. */
export interface UnsettledList {
  /** Puts the last look in the place of the one before. */
  replace(unrest: Unrest, lingering: readonly Lingering[]): Promise<void>;
  list(): Promise<readonly Lingering[]>;
  /** The first of what looked like the beginning of a set. */
  begun(): Promise<readonly BegunSet[]>;
}
