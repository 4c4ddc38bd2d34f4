import type { FileResult } from '../report.ts';

/** As many as a facts header has room for; a rule set that fires more often is one ground more or less. */
const MAX_RULES = 100;
const MAX_RULE_CHARACTERS = 200;

/**
 * Everything that was found and everything that was not seen, whether it weighed or not. What a person approves is that and
 * nothing more. null: the result does not list all of it.
 */
export function seenOf({
  findings,
  gaps,
  omitted,
}: Pick<FileResult, 'findings' | 'gaps' | 'omitted'>): string[] | null {
  if (omitted !== undefined && omitted.findings + omitted.gaps > 0) return null;
  const found = findings.map(({ kind, rule }) => `${kind}:${rule}`);
  const missed = gaps.map(({ reason, by }) => `gap:${reason}:${by}`);
  return [...new Set([...found, ...missed])].toSorted();
}

/** What weighed: `kind:rule` of findings with points, `gap:reason:by` of gaps that the policy does not tolerate. */
export function rulesOf({ findings, gaps }: Pick<FileResult, 'findings' | 'gaps'>): string[] {
  const weighed = findings
    .filter(({ weight, accepted }) => weight > 0 && accepted === undefined)
    .map(({ kind, rule }) => `${kind}:${rule}`);
  const missed = gaps
    .filter(({ rule, accepted }) => rule !== 'tolerate' && accepted === undefined)
    .map(({ reason, by }) => `gap:${reason}:${by}`);
  const all = [...weighed, ...missed].map((rule) => rule.slice(0, MAX_RULE_CHARACTERS));
  return [...new Set(all)].toSorted().slice(0, MAX_RULES);
}
