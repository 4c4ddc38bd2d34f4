/** Where files go. The review and approved folders may be missing: then what would go there stays where it is. */
export interface Places {
  readonly quarantineDir: string;
  readonly reviewDir: string | null;
  readonly approvedDir: string | null;
  /** What is approved keeps its path below this one; absent or null: it keeps its name. */
  readonly incomingDir?: string | null;
  /** What does not lie below that keeps its path below the first of these folders, whose paths are real. */
  readonly given?: readonly string[];
}
