/** What one engine did inspect. */
export interface Inspected {
  readonly artifacts: number;
  readonly bytes: number;
  /** Artifacts that were too large to be seen whole and were seen in overlapping windows. */
  readonly windowed: number;
}

/** The sum of what was examined in one tree. Bytes of a container and of its members both count. */
export interface Coverage {
  readonly artifacts: number;
  readonly bytes: number;
  /** Large artifacts that nothing recognised: every engine saw their bytes as they are, nobody looked inside. */
  readonly raw_only: { readonly artifacts: number; readonly bytes: number };
  readonly engines: Readonly<Record<string, Inspected>>;
}
