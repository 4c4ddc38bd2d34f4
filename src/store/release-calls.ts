/** An approval that the release hook has not been told of yet. */
export interface ReleaseCall {
  /** The same for every attempt: the hash of the journal's record. */
  readonly event: string;
  /** Of that record. */
  readonly seq: number;
  readonly file: string;
  /** How often the hook was run for it, and failed. */
  readonly attempts: number;
}

/** What came of running the hook once. `again_at`: when it is to be run next; null: no more. */
export type CallOutcome =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly detail: string; readonly again_at: string | null };

/**
 * Whom the release hook still has to be told of. The journal is its queue: a cursor says how far it has been taken up,
 * and what failed waits in a list of its own, so that one file does not keep the others from being told.
 */
export interface ReleaseCalls {
  /** The last record that needs nothing any more; null: no hook has ever been told of anything. */
  cursor(): Promise<number | null>;
  moveOn(seq: number): Promise<void>;
  /** Writes down what came of a call, with the journal, and moves the cursor on to it. */
  record(call: Omit<ReleaseCall, 'attempts'>, outcome: CallOutcome): Promise<void>;
  /** What is to be run again: due at `now`, or set for later than `latest` by a clock that has been put back. */
  due(options: {
    readonly now: string;
    readonly latest: string;
    readonly limit: number;
  }): Promise<readonly ReleaseCall[]>;
  /** What was given up waits again, as if it had never been tried; resolves to how many. */
  tryAgain(): Promise<number>;
  /** Nobody is to be told of it any more; the journal says why. */
  drop(event: string, why: string): Promise<void>;
  /** The same for all of them; resolves to how many. */
  dropAll(why: string): Promise<number>;
}
