import type { Decision, JudgedGap, Policy, ScoreLine, WeighedFinding } from '../domain/index.ts';
import { bothSignatureEnginesAway, configuredRule, uninspected } from './judge-gap.ts';
import type { Score } from './score.ts';
import { provesMalice } from './verdict.ts';

/** Something that leads past `auto_approve`, and in words why. Names in it are raw: whoever prints escapes. */
export interface Ground {
  readonly decision: Decision;
  readonly reason: string;
}

/** Everything a decision rests on, always in the same order: score, verdict, gaps, engines, share. */
export function groundsOf(
  score: Score,
  findings: readonly WeighedFinding[],
  gaps: readonly JudgedGap[],
  coveredBytes: number,
  policy: Policy,
): readonly Ground[] {
  return [
    ...groundOfScore(score, policy),
    ...groundOfMalice(score, findings, policy),
    ...groundsOfGaps(gaps, policy),
    ...groundOfAbsentEngines(gaps),
    ...groundOfShare(gaps, coveredBytes, policy),
  ];
}

function groundOfScore({ score, lines }: Score, policy: Policy): Ground[] {
  const { auto_approve, manual_review } = policy.thresholds;
  if (score <= auto_approve) return [];
  const contributions = lines.map(contribution).join(', ');
  return score > manual_review
    ? [{ decision: 'quarantine', reason: `score ${score} is above ${manual_review}: ${contributions}` }]
    : [{ decision: 'manual_review', reason: `score ${score} is above ${auto_approve}: ${contributions}` }];
}

/** All lines are of one artifact, so the place is named once. */
function contribution({ kind, points, rule, trail }: ScoreLine, index: number): string {
  const where = index === 0 ? ` in ${place(trail)}` : '';
  return `${kind} ${points} (${rule === '' ? 'no rule' : `rule ${brief(rule)}`}${where})`;
}

/** Weights cannot approve what is malicious. Said only where the score does not say it already. */
function groundOfMalice({ score }: Score, findings: readonly WeighedFinding[], policy: Policy): Ground[] {
  const proof = findings.find((finding) => provesMalice(finding, policy));
  if (proof === undefined || score > policy.thresholds.auto_approve) return [];
  const reason = `malicious whatever the weights: ${proof.kind} (rule ${brief(proof.rule)} in ${place(proof.trail)})`;
  return [{ decision: 'manual_review', reason }];
}

/** At most this many places are named for one reason; the rest is counted. */
const NAMED_PLACES = 3;

function groundsOfGaps(gaps: readonly JudgedGap[], policy: Policy): Ground[] {
  const groups = new Map<string, [JudgedGap, ...JudgedGap[]]>();
  for (const gap of gaps) {
    if (gap.rule === 'tolerate') continue;
    const key = `${gap.reason} ${gap.rule} ${isStrictness(gap, policy)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [gap]);
    else group.push(gap);
  }
  return [...groups.values()].map((group) => groundOfGroup(group, policy));
}

function groundOfGroup(group: readonly [JudgedGap, ...JudgedGap[]], policy: Policy): Ground {
  const [first] = group;
  const asks = first.rule === 'quarantine' ? 'the policy quarantines' : needsAPerson(group.length);
  const strict = isStrictness(first, policy) ? ' under --strict' : '';
  const named = group.slice(0, NAMED_PLACES).map(missing);
  if (group.length > NAMED_PLACES) named.push(`and ${count(group.length - NAMED_PLACES)} more`);
  const reason = `${count(group.length)} ${group.length === 1 ? 'gap' : 'gaps'} of reason ${first.reason} ${asks}${strict}: `;
  return {
    decision: first.rule === 'quarantine' ? 'quarantine' : 'manual_review',
    reason: reason + named.join('; '),
  };
}

function needsAPerson(gaps: number): string {
  return gaps === 1 ? 'needs a person' : 'need a person';
}

function isStrictness(gap: JudgedGap, policy: Policy): boolean {
  return policy.strict && gap.reason !== 'engine_failed' && configuredRule(gap, policy) === 'tolerate';
}

function missing(gap: JudgedGap): string {
  const bytes = gap.bytes === null ? '' : `${count(gap.bytes)} bytes in `;
  const detail = gap.detail === '' ? `by ${gap.by}` : `${gap.by}: ${brief(gap.detail)}`;
  return `${bytes}${place(gap.trail)} (${detail})`;
}

function groundOfAbsentEngines(gaps: readonly JudgedGap[]): Ground[] {
  if (!bothSignatureEnginesAway(gaps)) return [];
  return [{ decision: 'manual_review', reason: 'neither ClamAV nor YARA looked at all of it' }];
}

function groundOfShare(gaps: readonly JudgedGap[], coveredBytes: number, policy: Policy): Ground[] {
  const { bytes, of } = uninspected(gaps, coveredBytes);
  if (bytes <= policy.max_uninspected_share * of) return [];
  const allowed = percent(policy.max_uninspected_share);
  return [
    {
      decision: 'manual_review',
      reason: `${count(bytes)} of ${count(of)} bytes were not inspected (${percent(bytes / of)}); the policy allows ${allowed}`,
    },
  ];
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** 4,096 */
function count(figure: number): string {
  return String(figure).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function place(trail: readonly string[]): string {
  return brief(trail.join('/'));
}

/** A sentence stays a sentence: of long names the start and, since the last name says most, more of the end. */
function brief(text: string): string {
  return text.length <= 320 ? text : `${text.slice(0, 100)}…${text.slice(-200)}`.toWellFormed();
}
