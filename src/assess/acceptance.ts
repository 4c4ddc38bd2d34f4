import { ENGINE_AWAY, matches } from '../domain/index.ts';
import type { Baseline, BaselineEntry, Finding, Gap, Policy } from '../domain/index.ts';

/** Says why a finding or gap is known and accepted, in words; null when it is not. */
export interface Acceptance {
  readonly ofFinding: (finding: Finding) => string | null;
  readonly ofGap: (gap: Gap) => string | null;
}

/** What people have already judged and what the policy accepts by pattern, as of an instant (RFC 3339). */
export function acceptance(policy: Policy, baseline: Baseline, asOf: string): Acceptance {
  const judged = bySha256(baseline);
  const find = (sha256: string | null, fits: (entry: BaselineEntry) => boolean): string | null => {
    const entries = sha256 === null ? undefined : judged.get(sha256);
    const entry = entries?.find((each) => fits(each) && !isOver(each.until, asOf));
    return entry === undefined ? null : inWords(entry.who, entry.until, entry.why);
  };
  return {
    ofFinding: (finding) =>
      find(finding.sha256, (entry) => entry.kind === finding.kind && entry.rule === finding.rule),
    ofGap: (gap) => {
      // An engine's absence says nothing of the content, so nobody can have judged it by its content.
      if (ENGINE_AWAY.includes(gap.reason)) return null;
      return (
        find(gap.sha256, (entry) => entry.reason === gap.reason && entry.by === gap.by) ??
        acceptedByPolicy(gap, policy, asOf)
      );
    },
  };
}

function acceptedByPolicy(gap: Gap, policy: Policy, asOf: string): string | null {
  const path = gap.trail.join('/');
  const pattern = policy.accept.find(
    (each) =>
      each.reason === gap.reason &&
      (each.format === null || each.format === gap.format) &&
      !isOver(each.until, asOf) &&
      matches(each.path, path),
  );
  return pattern === undefined ? null : inWords('the policy', pattern.until, pattern.why);
}

/** True at and after the end. What is not an instant is over: it must not accept for ever. */
function isOver(until: string | null, asOf: string): boolean {
  return until !== null && !(Date.parse(asOf) < Date.parse(until));
}

function inWords(who: string, until: string | null, why: string): string {
  return `accepted by ${who}${until === null ? '' : ` until ${until}`}: ${why}`;
}

// A baseline of a million entries serves many trees; it is readonly, so its index lives as long as it does.
const indexes = new WeakMap<Baseline, ReadonlyMap<string, readonly BaselineEntry[]>>();

function bySha256(baseline: Baseline): ReadonlyMap<string, readonly BaselineEntry[]> {
  const known = indexes.get(baseline);
  if (known !== undefined) return known;
  const index = new Map<string, BaselineEntry[]>();
  for (const entry of baseline) {
    const entries = index.get(entry.sha256);
    if (entries === undefined) index.set(entry.sha256, [entry]);
    else entries.push(entry);
  }
  indexes.set(baseline, index);
  return index;
}
