/** Limits for one tree; CONTRACTS 2 has the command-line names, DESIGN 7 the defaults. */
export interface BudgetLimits {
  /** Containers within containers; 16 (ClamAV has 17, Strelka 15). */
  readonly max_depth: number;
  /** Members in the whole tree; 10 million. */
  readonly max_entries: number;
  /** Bytes out in the whole tree; null: max(100 GiB, 200 x the input). */
  readonly max_unpacked_bytes: number | null;
  /** Bytes of one member; what is beyond is a gap on that member, and the next one follows. null: only the tree's limit. */
  readonly max_member_bytes: number | null;
  /** Bytes out per byte in; beyond this and 1 GiB out it is called a bomb; 1000. */
  readonly max_ratio: number;
  /** Active time of one container, in ms; 15 minutes. Waiting for the examiners does not count. */
  readonly max_container_ms: number;
  /** Time for the whole tree, in ms; null: none. Whoever scans keeps it, by aborting the signal. */
  readonly max_scan_ms: number | null;
}

export const DEFAULT_LIMITS: BudgetLimits = {
  max_depth: 16,
  max_entries: 10_000_000,
  max_unpacked_bytes: null,
  max_member_bytes: null,
  max_ratio: 1000,
  max_container_ms: 15 * 60_000,
  max_scan_ms: null,
};
