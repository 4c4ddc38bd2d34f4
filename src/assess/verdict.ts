import type { JudgedGap, Policy, Verdict, WeighedFinding } from '../domain/index.ts';

/** What we believe. Accepted findings take no part; accepted gaps do: silence is not innocence. */
export function verdictOf(
  findings: readonly WeighedFinding[],
  gaps: readonly JudgedGap[],
  policy: Policy,
): Verdict {
  if (findings.some((finding) => provesMalice(finding, policy))) return 'malicious';
  if (findings.some((finding) => finding.accepted === null && finding.weight > 0)) return 'suspicious';
  return gaps.length > 0 ? 'unknown' : 'benign';
}

/** A signature, a known hash, or a rule that quarantines by itself. */
export function provesMalice(finding: WeighedFinding, policy: Policy): boolean {
  return (
    finding.accepted === null &&
    (finding.kind === 'clamav_infected' ||
      finding.kind === 'known_bad_hash' ||
      finding.weight > policy.thresholds.manual_review)
  );
}
