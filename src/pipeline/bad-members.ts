import { assess } from '../assess/index.ts';
import { bytesFromName } from '../bytes/index.ts';
import type { FileResult } from '../contracts/index.ts';
import type { Assessment, Finding, Gap } from '../domain/index.ts';
import type { Judge } from './judge.ts';

/** What stands in the way of a partial restore from one tree. */
export interface BadMembers {
  readonly members: readonly BadMember[];
  /** Why what is left without them would not be approved either; none: it would. */
  readonly rest: readonly string[];
}

export interface BadMember {
  /** As it stands in trails. */
  readonly name: string;
  /** As the container has it; null where not all of it is known. */
  readonly bytes: Buffer | null;
}

/** One compressed stream: its one member is the archive whose members are meant. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'application/gzip',
  'application/x-bzip2',
  'application/x-xz',
  'application/zstd',
  'application/x-lz4',
  'application/x-lzip',
  'application/x-lzma',
  'application/x-compress',
]);

/** Names of ours for bytes that are no member of anything: `(data after the end)`, `(more of the same)`. */
const OF_OURS = /^\(.*\)$/su;

/** True where the members of a file of this type are those that a tar program restores. */
export function isTar(mime: string): boolean {
  return mime === 'application/x-tar' || WRAPPERS.has(mime);
}

/**
 * The outermost members that would not be approved by themselves, and whether the rest would be. A member stands for
 * everything in it; what an engine says of the whole file because of what it saw in such a member leaves with it.
 */
export function badMembers(
  { content_type: { mime }, coverage }: Pick<FileResult, 'content_type' | 'coverage'>,
  { findings, gaps }: Pick<Assessment, 'findings' | 'gaps'>,
  { policy, baseline, as_of: asOf }: Judge,
): BadMembers {
  const depth = WRAPPERS.has(mime) ? 2 : 1;
  const isBad = ({ findings: its, gaps: missing }: Part): boolean => {
    // A share of what is not inspected belongs to the whole: of one member it says nothing.
    const alone = {
      findings: its,
      gaps: missing,
      coverage: { ...NOTHING_SEEN, bytes: Number.MAX_SAFE_INTEGER },
    };
    return assess(alone, policy, baseline, asOf).decision !== 'auto_approve';
  };
  const whole: Part = { findings: [], gaps: [] };
  const parts = new Map<string, Part>();
  const partOf = (trail: readonly string[]): Part => {
    const name = trail[depth];
    if (name === undefined || OF_OURS.test(name)) return whole;
    const part = parts.get(name) ?? { findings: [], gaps: [] };
    parts.set(name, part);
    return part;
  };
  for (const finding of findings) partOf(finding.trail).findings.push(finding);
  for (const gap of gaps) partOf(gap.trail).gaps.push(gap);

  const bad = [...parts].filter(([, part]) => isBad(part));
  const gone = new Set(bad.map(([name]) => name));
  const explained = new Set(bad.flatMap(([, part]) => part.findings.map(claimOf)));
  const kept = [whole, ...[...parts].filter(([name]) => !gone.has(name)).map(([, part]) => part)];
  const rest = assess(
    {
      findings: kept
        .flatMap((part) => part.findings)
        .filter((finding) => finding.trail.length > depth || !explained.has(claimOf(finding))),
      gaps: kept.flatMap((part) => part.gaps),
      coverage: { ...NOTHING_SEEN, bytes: coverage.bytes },
    },
    policy,
    baseline,
    asOf,
  );
  return {
    members: bad.map(([name]) => ({ name, bytes: bytesFromName(name) })),
    rest: rest.decision === 'auto_approve' ? [] : rest.reasons,
  };
}

interface Part {
  readonly findings: Finding[];
  readonly gaps: Gap[];
}

const NOTHING_SEEN = { artifacts: 0, bytes: 0, raw_only: { artifacts: 0, bytes: 0 }, engines: {} };

/** Engines that see a container's raw bytes claim of it what they claim of its member. */
function claimOf({ kind, engine, rule }: Finding): string {
  return [kind, engine, rule].join('\0');
}
