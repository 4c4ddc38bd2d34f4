import type { FileResult } from '../contracts/index.ts';
import { ENTROPY_MAP } from '../domain/index.ts';
import type { Assessment, Coverage, Gap, JudgedGap, Measurement, WeighedFinding } from '../domain/index.ts';
import type { TreeOutcome } from './protocol.ts';

/** How one file is named in the report. */
export interface FileName {
  /** As text (bytes/name.ts). */
  readonly path: string;
  /** Its bytes; null for standard input. */
  readonly bytes: Buffer | null;
}

/** One file's line in the report. The report room bounds it further (CONTRACTS 2). */
export function fileResult(name: FileName, outcome: TreeOutcome, assessment: Assessment): FileResult {
  const { root, coverage, omitted, duration_ms } = outcome;
  // Its picture is looked at where a person has to look; a million approved files would carry it for nothing.
  const isReported = ({ name: what }: Measurement): boolean =>
    what !== ENTROPY_MAP || assessment.decision !== 'auto_approve';
  return {
    path: name.path,
    ...(name.bytes === null || isText(name.bytes) ? {} : { path_base64: name.bytes.toString('base64') }),
    size: root.size,
    sha256: root.sha256,
    content_type: root.content_type,
    verdict: assessment.verdict,
    decision: assessment.decision,
    score: assessment.score,
    score_lines: assessment.lines.map((line) => ({ ...line, trail: [...line.trail] })),
    provisional: assessment.provisional,
    reasons: [...assessment.reasons],
    findings: assessment.findings.map(reportedFinding),
    gaps: assessment.gaps.map(reportedGap),
    measurements: outcome.measurements.filter(isReported).map(({ name: what, engine, trail, value }) => ({
      name: what,
      engine,
      trail: [...trail],
      value,
    })),
    coverage: {
      artifacts: coverage.artifacts,
      bytes: coverage.bytes,
      ...(coverage.raw_only.artifacts === 0 ? {} : { raw_only: coverage.raw_only }),
      ...inspectedBy(coverage.engines),
    },
    ...(omitted.findings + omitted.gaps === 0 ? {} : { omitted }),
    ...(outcome.cached === undefined ? {} : { cached: outcome.cached }),
    duration_ms,
  };
}

type EngineCoverage = Omit<FileResult['coverage'], 'artifacts' | 'bytes' | 'raw_only'>;

const ANALYZERS = ['clamav', 'yara', 'entropy', 'type-mismatch'] as const;

function inspectedBy(engines: Coverage['engines']): EngineCoverage {
  const entries: EngineCoverage = {};
  for (const id of ANALYZERS) {
    const seen = engines[id];
    if (seen === undefined) continue;
    const { artifacts, bytes, windowed } = seen;
    entries[id] = windowed === 0 ? { artifacts, bytes } : { artifacts, bytes, windowed };
  }
  return entries;
}

function reportedFinding(finding: WeighedFinding): FileResult['findings'][number] {
  const { kind, engine, rule, weight, trail, sha256, detail, offset, evidence, accepted } = finding;
  return {
    kind,
    engine,
    rule,
    weight,
    trail: [...trail],
    sha256,
    detail,
    offset,
    evidence: { ...evidence },
    ...(accepted === null ? {} : { accepted }),
  };
}

function reportedGap(gap: JudgedGap): FileResult['gaps'][number] {
  const { stage, by, reason, trail, detail, bytes, artifacts, rule, accepted } = gap;
  return {
    stage,
    by,
    reason,
    trail: [...trail],
    detail,
    bytes,
    ...(artifacts === 1 ? {} : { artifacts }),
    rule,
    ...(accepted === null ? {} : { accepted }),
  };
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
}

/** What there is to say of a file that no worker could examine: nothing but why. */
export function unexamined(gap: Pick<Gap, 'stage' | 'by' | 'reason' | 'detail'>, name: string): TreeOutcome {
  const whole: Gap = {
    ...gap,
    artifact: 0,
    trail: [name],
    sha256: null,
    format: null,
    bytes: null,
    artifacts: 1,
  };
  return {
    findings: [],
    gaps: [whole],
    measurements: [],
    coverage: { artifacts: 0, bytes: 0, raw_only: { artifacts: 0, bytes: 0 }, engines: {} },
    root: {
      size: null,
      sha256: null,
      content_type: { mime: 'application/octet-stream', description: 'not examined', claimed: null },
      identity: null,
    },
    omitted: { findings: 0, gaps: 0 },
    duration_ms: 0,
  };
}
