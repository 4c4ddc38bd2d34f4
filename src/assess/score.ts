import type { ScoreLine, WeighedFinding } from '../domain/index.ts';

export interface Score {
  readonly score: number;
  readonly lines: readonly ScoreLine[];
}

/**
 * A container is as bad as its worst member: the highest score of any artifact, of those equal the first. An
 * artifact scores the sum over the kinds found on it, each once with its heaviest finding, so that no finding of
 * weight 0 hides another. `findings` are in the order of order.ts; accepted ones weigh 0.
 */
export function scoreOf(findings: readonly WeighedFinding[]): Score {
  let worst: Score = { score: 0, lines: [] };
  for (const heaviest of heaviestByArtifact(findings).values()) {
    const lines = [...heaviest.values()]
      .filter((finding) => finding.weight > 0)
      .map(({ kind, weight, rule, trail }) => ({ kind, points: weight, rule, trail }));
    const score = lines.reduce((sum, line) => sum + line.points, 0);
    if (score > worst.score) worst = { score, lines };
  }
  return worst;
}

function heaviestByArtifact(findings: readonly WeighedFinding[]): Map<number, Map<string, WeighedFinding>> {
  const artifacts = new Map<number, Map<string, WeighedFinding>>();
  for (const finding of findings) {
    const kinds = artifacts.get(finding.artifact) ?? new Map<string, WeighedFinding>();
    artifacts.set(finding.artifact, kinds);
    const known = kinds.get(finding.kind);
    if (known === undefined || finding.weight > known.weight) kinds.set(finding.kind, finding);
  }
  return artifacts;
}
