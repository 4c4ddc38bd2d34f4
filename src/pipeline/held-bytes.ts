/** Artifacts up to this size are read once and stay in memory while they are examined (DESIGN 7: 1 MiB). */
export const HELD_BYTES = 1024 * 1024;
