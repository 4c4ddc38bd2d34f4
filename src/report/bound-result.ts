import { MAX_FINDINGS, MAX_TRAILS_PER_REASON } from '../contracts/plain/index.ts';
import type { FileResult } from '../contracts/index.ts';

/** UTF-16 units of JSON that one result may take: an archive of archives must not write the report for itself. */
const MAX_RESULT_UNITS = 16 * 1024 * 1024;
const MAX_MEASUREMENTS = 1000;
const MAX_LINES = 1000;

/**
 * The result within the bounds of CONTRACTS 2, the heaviest findings kept; the same object where nothing is over
 * them. What is left out is counted in `omitted`. Whoever made the result should have kept them already: this is
 * the last line, so that no caller can make a report without end.
 */
export function boundResult(result: FileResult): FileResult {
  const counts = keep(result, MAX_FINDINGS, MAX_TRAILS_PER_REASON, MAX_MEASUREMENTS);
  if (roughUnits(counts) <= MAX_RESULT_UNITS / 8) return counts;
  let bounded = counts;
  for (let share = 2; JSON.stringify(bounded).length > MAX_RESULT_UNITS && share <= 2048; share *= 2) {
    bounded = keep(
      result,
      Math.floor(MAX_FINDINGS / share),
      Math.ceil(MAX_TRAILS_PER_REASON / share),
      Math.floor(MAX_MEASUREMENTS / share),
    );
  }
  return bounded;
}

function keep(
  result: FileResult,
  maxFindings: number,
  maxTrails: number,
  maxMeasurements: number,
): FileResult {
  const findings =
    result.findings.length <= maxFindings
      ? result.findings
      : result.findings.toSorted((a, b) => b.weight - a.weight).slice(0, maxFindings);
  const gaps = result.gaps.length <= maxTrails ? result.gaps : firstOfEachReason(result.gaps, maxTrails);
  const measurements = result.measurements.slice(0, maxMeasurements);
  const dropped = {
    findings: result.findings.length - findings.length,
    gaps: result.gaps.length - gaps.length,
  };
  const lines = result.reasons.length > MAX_LINES || result.score_lines.length > MAX_LINES;
  if (dropped.findings + dropped.gaps === 0 && !lines) return { ...result, measurements };
  return {
    ...result,
    reasons: lines ? [...result.reasons.slice(0, MAX_LINES), 'and more than can be listed'] : result.reasons,
    score_lines: result.score_lines.slice(0, MAX_LINES),
    findings,
    gaps,
    measurements,
    omitted: {
      findings: (result.omitted?.findings ?? 0) + dropped.findings,
      gaps: (result.omitted?.gaps ?? 0) + dropped.gaps,
    },
  };
}

function firstOfEachReason(gaps: FileResult['gaps'], max: number): FileResult['gaps'] {
  const seen = new Map<string, number>();
  return gaps.filter((gap) => {
    const before = seen.get(gap.reason) ?? 0;
    seen.set(gap.reason, before + 1);
    return before < max;
  });
}

/** A quick estimate, so that ordinary results are not serialized twice. */
function roughUnits(result: FileResult): number {
  let units = result.path.length;
  for (const { trail, detail, rule, evidence } of result.findings) {
    units += 400 + detail.length + rule.length;
    for (const name of trail) units += name.length;
    for (const value of Object.values(evidence)) {
      if (typeof value === 'string') units += value.length;
      else if (Array.isArray(value)) {
        for (const item of value) units += typeof item === 'string' ? item.length : 20;
      }
    }
  }
  for (const { trail, detail } of result.gaps) {
    units += 200 + detail.length;
    for (const name of trail) units += name.length;
  }
  for (const { trail, value } of result.measurements) {
    units += 100 + String(value).length;
    for (const name of trail) units += name.length;
  }
  for (const reason of result.reasons) units += reason.length;
  return units;
}
