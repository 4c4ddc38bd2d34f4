import type { Trail } from './artifact.ts';

/** Each kind is a key under `weights` in config/scoring.yaml; the order here is the order in reports. */
export const FINDING_KINDS = [
  'mime_mismatch',
  'clamav_infected',
  'clamav_heuristic',
  'yara_match',
  'high_entropy',
  'encryption_suspected',
  'mass_encryption',
  'ransom_note',
  'unsafe_archive',
  'known_bad_hash',
  'hidden_change',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** A fact as it goes into a report: what JSON can hold, one level deep. */
export type Evidence = Readonly<
  Record<string, string | number | boolean | null | readonly (string | number)[]>
>;

/** One analyzer's claim against one artifact. */
export interface Finding {
  readonly kind: FindingKind;
  /** The analyzer (or unpacker) that claims it: `clamav`, `yara`, `zip`. */
  readonly engine: string;
  /** Signature or rule name; hostile text, at most 1 KiB. */
  readonly rule: string;
  /** YARA only: what `yara.weights` may name beside the rule. */
  readonly namespace?: string;
  readonly tags?: readonly string[];
  /** Id of the artifact within its tree. */
  readonly artifact: number;
  readonly trail: Trail;
  /** Lower-case hex; null while the artifact's bytes were not read to their end. */
  readonly sha256: string | null;
  /** One sentence for people. */
  readonly detail: string;
  /** Byte offset within the artifact; null when there is no one place. */
  readonly offset: number | null;
  readonly evidence: Evidence;
  /** The content is known good, and this is one of the claims that such knowledge answers: whose, in words. */
  readonly known_good?: string;
}
