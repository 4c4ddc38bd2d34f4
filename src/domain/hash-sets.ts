/** What a list says of a content. */
export type HashSetKind = 'bad' | 'good';

/** A line of a list that says no SHA-256, or a file that is no list. */
export interface RejectedLine {
  /** Name of the file, without its folder. */
  readonly file: string;
  /** null: the whole file. */
  readonly line: number | null;
  readonly message: string;
}

/** The lists of known hashes in force, as reports tell of them. */
export interface HashSetsState {
  /** Lists that cannot be read are refused before anything is scanned. */
  readonly status: 'ok';
  /** Different hashes that are known bad, also those that are said to be good as well. */
  readonly bad: number;
  /** Different hashes that are known good, and by no list bad. */
  readonly good: number;
  /** Both at once: they count as bad. */
  readonly in_both: number;
  readonly files: number;
  /** Over names and contents of all files in order. */
  readonly sha256: string | null;
  /** The first of them; `rejected_lines` counts all. */
  readonly rejected: readonly RejectedLine[];
  readonly rejected_lines: number;
  readonly detail: string | null;
}
