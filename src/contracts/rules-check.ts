import { z } from 'zod';

/** What `rules check` and `rules list` say with `--json`, and what crosses between them and the process that examines. */
export const RULES_CHECK_SCHEMA = 'backuplens.rules-check/1';
export const RULES_LIST_SCHEMA = 'backuplens.rules-list/1';

const count = z.int().nonnegative();
const place = count.nullable();

/**
 * `error`: rules are lost, or would quarantine everything. `warning`: works, but hardly as meant, or slowly. `note`: makes a
 * finding harder to judge.
 */
const PROBLEM_SEVERITIES = ['error', 'warning', 'note'] as const;

export const ruleProblem = z.object({
  severity: z.enum(PROBLEM_SEVERITIES),
  /** A compiler's own (`E009`, `slow_pattern`), or one of ours (`slow_rule`). */
  code: z.string(),
  message: z.string(),
  /** What to do about it. */
  hint: z.string().nullable(),
  file: z.string(),
  line: place,
  column: place,
  rule: z.string().nullable(),
});
export type RuleProblem = z.infer<typeof ruleProblem>;

const declaredRule = z.object({
  rule: z.string(),
  /** Where it stands: another file than the one that it is loaded with, where it was included. */
  file: z.string(),
  line: count,
  column: count,
  private: z.boolean(),
  global: z.boolean(),
  tags: z.array(z.string()),
  meta: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  patterns: count,
});

/** One rule file, examined. */
export const examinedFile = z.object({
  file: z.string(),
  namespace: z.string(),
  problems: z.array(ruleProblem),
  /** Those that load: all that compile, with what they include. */
  rules: z.array(
    declaredRule.extend({
      /** Equal for rules with the same strings and condition; null where there is too little to compare. */
      same: z.string().nullable(),
      /** In how many samples of ordinary content it was found; null: not tried. */
      ordinary: count.nullable(),
      /** It was found in a file of no bytes. */
      empty: z.boolean(),
      /** CPU time that it takes by itself, in ms a MB; null: not measured apart from its file. */
      ms_per_mb: z.number().nullable(),
    }),
  ),
  /** CPU time that the file's rules take, in ms a MB; null: not measured. */
  ms_per_mb: z.number().nullable(),
});
export type ExaminedFile = z.infer<typeof examinedFile>;

/** What the examining process says, one a line. */
export const examinerLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begin'), engine: z.string(), files: count, samples: count }),
  z.object({ type: z.literal('refused'), message: z.string(), hint: z.string().nullable() }),
  /** What it is at now: should it not come back, that is to blame. */
  z.object({ type: z.literal('at'), file: z.string() }),
  z.object({ type: z.literal('file'), examined: examinedFile }),
  z.object({ type: z.literal('end') }),
]);
export type ExaminerLine = z.infer<typeof examinerLine>;

export interface RulesCheckReport {
  readonly schema: typeof RULES_CHECK_SCHEMA;
  readonly engine: string;
  readonly folders: readonly string[];
  readonly files: number;
  readonly rules: number;
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  readonly problems: readonly RuleProblem[];
  /** The files that cost most, most first. */
  readonly slowest: readonly { readonly file: string; readonly ms_per_mb: number }[];
}

export interface RulesListReport {
  readonly schema: typeof RULES_LIST_SCHEMA;
  readonly rules: readonly (z.infer<typeof declaredRule> & {
    readonly namespace: string;
    /** Points that a match adds under the policy. */
    readonly weight: number;
  })[];
  readonly problems: readonly RuleProblem[];
}
