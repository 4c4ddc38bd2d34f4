import { harsher, type Assessment, type Decision, type Finding, type Gap } from '../domain/index.ts';
import type { TreeOutcome } from './protocol.ts';

type Verdict = Assessment['verdict'];

/** Mild to severe, as far as several assessments become one. */
const VERDICTS: readonly Verdict[] = ['benign', 'unknown', 'suspicious', 'malicious'];

/** The tree of a first part with what was found in the archive that it begins; its bytes count once, with the parts. */
export function withJoined(first: TreeOutcome, joined: TreeOutcome): TreeOutcome {
  // Artifacts are numbered from 0 in both trees; -1 is the tree itself.
  const shift = <T extends Finding | Gap>(one: T): T => ({
    ...one,
    artifact: one.artifact < 0 ? one.artifact : one.artifact + first.coverage.artifacts,
  });
  const { coverage, omitted } = first;
  const more = joined.coverage;
  return {
    ...first,
    findings: [...first.findings, ...joined.findings.map(shift)],
    gaps: [...first.gaps, ...joined.gaps.map(shift)],
    coverage: {
      artifacts: coverage.artifacts + more.artifacts,
      bytes: coverage.bytes + more.bytes,
      raw_only: {
        artifacts: coverage.raw_only.artifacts + more.raw_only.artifacts,
        bytes: coverage.raw_only.bytes + more.raw_only.bytes,
      },
      engines: Object.fromEntries(
        Object.entries(coverage.engines).map(([id, seen]) => {
          const also = more.engines[id] ?? { artifacts: 0, bytes: 0, windowed: 0 };
          const artifacts = seen.artifacts + also.artifacts;
          return [id, { artifacts, bytes: seen.bytes + also.bytes, windowed: seen.windowed + also.windowed }];
        }),
      ),
    },
    omitted: {
      findings: omitted.findings + joined.omitted.findings,
      gaps: omitted.gaps + joined.omitted.gaps,
    },
    duration_ms: first.duration_ms + joined.duration_ms,
  };
}

/** One archive is one thing: the worst that is decided of a part holds for all. `names` of the parts, in order. */
export function oneDecision(assessments: readonly Assessment[], names: readonly string[]): Assessment[] {
  const decision = assessments.reduce<Decision>((worst, one) => harsher(worst, one.decision), 'auto_approve');
  const verdict = assessments.reduce(
    (worst, one) => worseVerdict(worst, one.verdict),
    VERDICTS[0] ?? 'benign',
  );
  const because = assessments.findIndex((one) => one.decision === decision);
  return assessments.map((one) => {
    const milder = one.decision !== decision;
    const reason = `one archive together with ${names[because] ?? ''}, of which this was decided`;
    return {
      ...one,
      decision,
      verdict: worseVerdict(one.verdict, verdict),
      provisional: decision !== 'quarantine' && assessments.some(({ provisional }) => provisional),
      reasons: milder ? [...one.reasons, reason] : one.reasons,
    };
  });
}

function worseVerdict(a: Verdict, b: Verdict): Verdict {
  return VERDICTS.indexOf(a) >= VERDICTS.indexOf(b) ? a : b;
}
