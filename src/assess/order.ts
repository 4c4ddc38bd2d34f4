import { FINDING_KINDS } from '../domain/index.ts';
import type { Finding, Gap } from '../domain/index.ts';

/** By artifact, kind, engine, rule and place, whatever the order of arrival. */
export function inOrderOfFindings<T extends Finding>(findings: readonly T[]): T[] {
  return findings.toSorted(
    (a, b) =>
      a.artifact - b.artifact ||
      FINDING_KINDS.indexOf(a.kind) - FINDING_KINDS.indexOf(b.kind) ||
      compare(a.engine, b.engine) ||
      compare(a.rule, b.rule) ||
      (a.offset ?? -1) - (b.offset ?? -1) ||
      compare(JSON.stringify(a), JSON.stringify(b)),
  );
}

/** By artifact, stage, whoever could not look, and reason, whatever the order of arrival. */
export function inOrderOfGaps<T extends Gap>(gaps: readonly T[]): T[] {
  return gaps.toSorted(
    (a, b) =>
      a.artifact - b.artifact ||
      compare(a.stage, b.stage) ||
      compare(a.by, b.by) ||
      compare(a.reason, b.reason) ||
      compare(JSON.stringify(a), JSON.stringify(b)),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
