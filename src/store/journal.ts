import type { JournalEntry, JournalRecord } from '../domain/index.ts';

export interface JournalCheck {
  readonly records: number;
  /** Hash of the last record that continues the chain; 64 zeros for an empty journal. */
  readonly head: string;
  /** The first record that does not continue the one before it; null when all do. */
  readonly broken: { readonly seq: number; readonly reason: string } | null;
  /** With a head given: whether a record has that hash. A journal that was cut or begun anew has not. */
  readonly head_found: boolean | null;
  /** The first of the given places at which there is no such record; null: all are there, or none was given. */
  readonly missing: JournalPlace | null;
}

/** A record, as it was noted elsewhere. 0 and 64 zeros: of an empty journal. */
export interface JournalPlace {
  readonly seq: number;
  readonly hash: string;
}

export interface MarkedEntry {
  readonly mark: string;
  readonly entry: JournalEntry;
}

/** What happened, in order, for good: only ever appended to, each record naming the hash of the one before. */
export interface Journal {
  append(entry: JournalEntry): Promise<JournalRecord>;
  /**
   * Appends what is kept elsewhere, oldest first: what comes after the entry that was appended last in this way, or all where
   * that is none of these. Resolves to how many there were. `mark` tells entries of one `source` apart.
   */
  appendFrom(source: 'bundles', entries: readonly MarkedEntry[]): Promise<number>;
  head(): Promise<{ readonly seq: number; readonly hash: string }>;
  /** In order, from the record after `after`: what a sink's cursor goes by. */
  read(options: { readonly after: number; readonly limit: number }): Promise<readonly JournalRecord[]>;
  /** Follows the chain from its first record to its last. `head`: a hash that was noted elsewhere; `places`: records that were. */
  verify(noted?: {
    readonly head?: string;
    readonly places?: readonly JournalPlace[];
  }): Promise<JournalCheck>;
}
