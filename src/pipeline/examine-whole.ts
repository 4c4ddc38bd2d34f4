import type { FileResult } from '../contracts/index.ts';
import { DECISIONS, type UnitKind } from '../domain/index.ts';
import type { FileMet, Unit } from '../intake/index.ts';
import { examineFolder } from './examine-folder.ts';
import { examineUnit, type ExaminedUnit, type ExamineOptions } from './examine-unit.ts';
import type { JudgedFile } from './judge.ts';
import { withPartGap } from './part-gap.ts';
import { volumesHash } from './unit-content.ts';
import type { Workers } from './worker-pool.ts';

/** Findings and gaps of one line, of each; the rest is counted by those who bound reports. */
const MAX_LINES = 1000;

/** Examines what is decided as one, as one. Null when the pool was closed meanwhile. */
export async function examineWhole(
  { path, display, kind, size, set, part, files }: Unit,
  pool: Workers,
  { called, ...options }: ExamineOptions & Pick<FileMet, 'called'> = {},
): Promise<ExaminedUnit | null> {
  if (set !== null) return examineUnit(set, pool, options);
  if (kind !== 'file') {
    const description = `${inWords(kind)} of ${files} files`;
    const examined = await examineFolder({ path, display, description }, pool, options);
    return kind === 'begun' && examined !== null ? asIncomplete(examined) : examined;
  }
  const file: FileMet = {
    type: 'file',
    path,
    display,
    size,
    ...(part === null ? {} : { part }),
    ...(called === undefined ? {} : { called }),
  };
  return examineUnit(file, pool, options);
}

function inWords(kind: UnitKind): string {
  if (kind === 'begun') return 'an incomplete repository or set';
  return kind === 'dropped' ? 'a folder' : `a ${kind} repository or set`;
}

const INCOMPLETE =
  'it looks like a repository or set of which a part is missing: it has not come, or was taken away; what is there stays together';

/** Nobody can tell what the files are worth without the others. */
function asIncomplete(examined: ExaminedUnit): ExaminedUnit {
  const files = examined.files.map((file) => ({
    ...file,
    outcome: withPartGap(file.outcome, file.name, INCOMPLETE),
  }));
  return { ...examined, files };
}

/** What a unit is told as. */
export type UnitShape = Pick<Unit, 'display' | 'kind' | 'files'> & { readonly volumes: boolean };

export function shapeOf({ display, kind, files, set }: Unit): UnitShape {
  return { display, kind, files, volumes: set !== null };
}

/** One line for all: the worst decides, and the volumes of an archive are told as the first of them. */
export function asOne(
  judged: readonly JudgedFile[],
  { display, kind, files, volumes: areVolumes }: UnitShape,
): FileResult | null {
  const results = judged.map(({ result }) => result);
  const [first, ...others] = results;
  if (first === undefined) return null;
  if (kind === 'file') return { ...first, path: display };
  if (others.length === 0) return { ...first, path: display, files };
  const worst = results.reduce((a, b) =>
    DECISIONS.indexOf(b.decision) > DECISIONS.indexOf(a.decision) ? b : a,
  );
  const sum = (of: (result: FileResult) => number): number =>
    results.reduce((total, one) => total + of(one), 0);
  const volumes = judged.map(({ path, result: { size, sha256 } }) => ({
    path: path ?? Buffer.alloc(0),
    size,
    sha256,
  }));
  const findings = results.flatMap((one) => one.findings);
  const gaps = results.flatMap((one) => one.gaps);
  const omitted = {
    findings: sum((one) => one.omitted?.findings ?? 0) + Math.max(0, findings.length - MAX_LINES),
    gaps: sum((one) => one.omitted?.gaps ?? 0) + Math.max(0, gaps.length - MAX_LINES),
  };
  return {
    ...worst,
    path: display,
    files,
    size: sum(({ size }) => size ?? 0),
    sha256: areVolumes ? volumesHash(volumes) : null,
    content_type: {
      ...first.content_type,
      description: `${first.content_type.description} (${kind}: ${files} files)`,
    },
    score: Math.max(...results.map(({ score }) => score)),
    provisional: worst.decision !== 'quarantine' && results.some(({ provisional }) => provisional),
    findings: findings.slice(0, MAX_LINES),
    gaps: gaps.slice(0, MAX_LINES),
    ...(omitted.findings + omitted.gaps === 0 ? {} : { omitted }),
    coverage: {
      ...first.coverage,
      artifacts: sum(({ coverage }) => coverage.artifacts),
      bytes: sum(({ coverage }) => coverage.bytes),
    },
    duration_ms: sum(({ duration_ms }) => duration_ms),
  };
}
