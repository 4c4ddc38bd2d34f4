import { count, type Flags } from './flags.ts';
import { firstOf, type Setting } from './setting.ts';

/** Of one tree; the names are those of the unpack room's budget. null: as that room decides. */
export interface Limits {
  readonly max_depth: Setting<number>;
  readonly max_entries: Setting<number>;
  readonly max_unpacked_bytes: Setting<number | null>;
  readonly max_member_bytes: Setting<number | null>;
  readonly max_ratio: Setting<number>;
  readonly max_scan_ms: Setting<number | null>;
}

/** The values alone. */
export function limitValues(config: { readonly limits: Limits }): {
  readonly [Name in keyof Limits]: Limits[Name]['value'];
} {
  const of = config.limits;
  return {
    max_depth: of.max_depth.value,
    max_entries: of.max_entries.value,
    max_unpacked_bytes: of.max_unpacked_bytes.value,
    max_member_bytes: of.max_member_bytes.value,
    max_ratio: of.max_ratio.value,
    max_scan_ms: of.max_scan_ms.value,
  };
}

export function limits(flags: Flags): Limits {
  const most = Number.MAX_SAFE_INTEGER;
  return {
    // Deeper nesting than a thousand exhausts stacks before it finds anything.
    max_depth: firstOf(16, count('max-depth', flags.maxDepth, 0, 1000)),
    max_entries: firstOf(10_000_000, count('max-entries', flags.maxEntries, 0, most)),
    max_unpacked_bytes: firstOf<number | null>(
      null,
      count('max-unpacked-bytes', flags.maxUnpackedBytes, 0, most),
    ),
    max_member_bytes: firstOf<number | null>(null, count('max-member-bytes', flags.maxMemberBytes, 1, most)),
    max_ratio: firstOf(1000, count('max-ratio', flags.maxRatio, 1, most)),
    max_scan_ms: firstOf<number | null>(null, count('max-scan-ms', flags.maxScanMs, 1, most)),
  };
}
