import type { Assessment, Baseline, Coverage, Finding, Gap, Policy } from '../domain/index.ts';

/** One tree as the stages left it. */
export interface Scanned {
  readonly findings: readonly Finding[];
  readonly gaps: readonly Gap[];
  readonly coverage: Coverage;
}

export function assess(_scanned: Scanned, _policy: Policy, _baseline: Baseline, _asOf: string): Assessment {
  throw new Error('not written yet');
}
