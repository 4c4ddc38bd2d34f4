/**
 * The names from the file that was given down to the artifact itself:
 * `["nightly.tar.zst", "home/a/report.docx", "word/vbaProject.bin"]`. Names are data: they may hold anything,
 * are at most 1 KiB each (see bytes/name.ts), and never become a path.
 */
export type Trail = readonly [string, ...string[]];

/** Any sequence of bytes under examination: the file given, or a member unpacked from it. */
export interface Artifact {
  /** 0 is the root; members count up in the order in which they were met. Unique within one tree. */
  readonly id: number;
  /** The container it came out of; null for the root. */
  readonly parent: number | null;
  readonly trail: Trail;
}

/** True when the trail names the file that was given, not something inside it. */
export function isRoot(trail: readonly string[]): boolean {
  return trail.length === 1;
}
