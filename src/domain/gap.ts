import type { Trail } from './artifact.ts';

/** Why something was not examined. The meaning of each is in docs/design.md (the words). */
export const GAP_REASONS = [
  'engine_off',
  'engine_unavailable',
  'engine_failed',
  'timed_out',
  'budget_exceeded',
  'encrypted',
  'opaque',
  'corrupt',
  'unsupported_format',
  'unreadable',
  'changed',
  'never_settled',
] as const;
export type GapReason = (typeof GAP_REASONS)[number];

export type Stage = 'intake' | 'identify' | 'unpack' | 'analyze' | 'pipeline';

/** What was *not* examined, by whom, and why. */
export interface Gap {
  readonly stage: Stage;
  /** The analyzer, unpacker format or room that could not look: `clamav`, `zip`, `intake`. */
  readonly by: string;
  readonly reason: GapReason;
  readonly artifact: number;
  readonly trail: Trail;
  /** Of the artifact the gap belongs to, lower-case hex; null when its bytes were not read to their end. */
  readonly sha256: string | null;
  /** The artifact's MIME type or format, for `accept` patterns in the policy; null when unknown. */
  readonly format: string | null;
  /** One sentence for people, with figures where there are any. */
  readonly detail: string;
  /** How many bytes were not examined; null when nobody can know. */
  readonly bytes: number | null;
  /** How many artifacts this line stands for (engines that are away are reported once a tree). At least 1. */
  readonly artifacts: number;
}

/** The gaps of the engines themselves: they say nothing of the content, only of who looked at it. */
export const ENGINE_AWAY: readonly GapReason[] = ['engine_off', 'engine_unavailable', 'engine_failed'];
