import { z } from 'zod';
import { ENGINE_AWAY, FINDING_KINDS, GAP_REASONS } from '../domain/index.ts';
import type { FindingKind, GapReason } from '../domain/index.ts';

/** config/scoring.yaml as it may be written: everything may be left out, nothing may be added. */

/** Far above any sum that makes sense, and small enough that sums stay exact. */
const MAX_POINTS = 1_000_000;
const MAX_TEXT = 1024;
const MAX_ACCEPTED = 1000;

const POINTS = `an integer from 0 to ${MAX_POINTS}`;
const points = z.int(POINTS).min(0, POINTS).max(MAX_POINTS, POINTS).optional();

const RULE = 'tolerate, review or quarantine';
const word = z.enum(['tolerate', 'review', 'quarantine'], RULE).optional();
/** A word alone stands for root and nested alike. */
const gapRule = z.preprocess(
  (written) => (isMapping(written) ? written : { root: written, nested: written }),
  z.strictObject({ root: word, nested: word }),
);

const text = (what: string) => z.string(what).min(1, what).max(MAX_TEXT, what);
const DATE = 'a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z';
const ACCEPTABLE = GAP_REASONS.filter((reason) => !ENGINE_AWAY.includes(reason));

const accepted = z.strictObject(
  {
    reason: z.enum(
      ACCEPTABLE,
      `one of ${ACCEPTABLE.join(', ')} (that an engine was away cannot be accepted)`,
    ),
    format: text('a MIME type or container format').optional(),
    path: text('a pattern such as "**/testdata/**"').optional(),
    until: z.union([z.iso.date(), z.iso.datetime({ offset: true })], DATE).optional(),
    why: text('the reason, in words'),
  },
  'a mapping with reason, path or format, and why',
);

const SHARE = 'a share from 0 to 1, such as 0.05';

const weights: Record<FindingKind, typeof points> = {
  mime_mismatch: points,
  clamav_infected: points,
  clamav_heuristic: points,
  yara_match: points,
  high_entropy: points,
  encryption_suspected: points,
  mass_encryption: points,
  ransom_note: points,
  unsafe_archive: points,
  known_bad_hash: points,
  hidden_change: points,
};

const optionalRule = gapRule.optional();
const gaps: Record<GapReason, typeof optionalRule> = {
  engine_off: optionalRule,
  engine_unavailable: optionalRule,
  engine_failed: optionalRule,
  timed_out: optionalRule,
  budget_exceeded: optionalRule,
  encrypted: optionalRule,
  opaque: optionalRule,
  corrupt: optionalRule,
  unsupported_format: optionalRule,
  unreadable: optionalRule,
  changed: optionalRule,
  never_settled: optionalRule,
};

export const policyFile = z.strictObject(
  {
    weights: z.strictObject(weights, 'a mapping of finding kinds to points').optional(),
    thresholds: z
      .strictObject(
        { auto_approve: points, manual_review: points, quarantine: points },
        'a mapping with auto_approve and manual_review',
      )
      .optional(),
    gaps: z
      .strictObject(
        { ...gaps, max_uninspected_share: z.number(SHARE).min(0, SHARE).max(1, SHARE).optional() },
        'a mapping of gap reasons to tolerate, review or quarantine',
      )
      .optional(),
    yara: z
      .strictObject(
        {
          weights: z
            .record(z.string(), points, 'a mapping of rules, namespaces or tags to points')
            .optional(),
        },
        'a mapping with weights',
      )
      .optional(),
    accept: z
      .array(accepted, 'a list of accepted gaps')
      .max(MAX_ACCEPTED, `at most ${MAX_ACCEPTED} entries`)
      .optional(),
    release_provisional: z.boolean('true or false').optional(),
  },
  'a mapping with weights, thresholds, gaps, yara, accept or release_provisional',
);
export type PolicyFile = z.output<typeof policyFile>;

/** The keys that are known at `path` (as zod reports paths), for suggestions. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const [section, ...rest] = path;
  if (section === undefined) return Object.keys(policyFile.shape);
  if (section === 'weights') return FINDING_KINDS;
  if (section === 'thresholds') return ['auto_approve', 'manual_review', 'quarantine'];
  if (section === 'yara') return ['weights'];
  if (section === 'accept') return Object.keys(accepted.shape);
  if (section === 'release_provisional') return [];
  return rest.length === 0 ? [...GAP_REASONS, 'max_uninspected_share'] : ['root', 'nested'];
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
