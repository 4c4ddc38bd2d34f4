import { createHash } from 'node:crypto';
import { BackupLensError, DEFAULT_POLICY, FINDING_KINDS, GAP_REASONS, inWords } from '../domain/index.ts';
import type { AcceptedGap, FindingKind, GapReason, GapRules, Policy } from '../domain/index.ts';
import { checkAcrossKeys } from './policy-laws.ts';
import { isMapping, knownKeys, policyFile, type PolicyFile } from './policy-schema.ts';
import { readSmallFile } from './read-small-file.ts';
import type { Origin } from './setting.ts';
import { suggestion } from './nearest.ts';
import { parseYaml, type KeyPath, type Problem, type YamlFile } from './yaml-file.ts';

/** A policy is read by people; a megabyte of it is an accident or an attack. */
const MAX_BYTES = 1024 * 1024;
/** As many as fit on a screen or two. Placing each one costs time, so that hostile thousands are not placed. */
const MAX_PROBLEMS = 50;

export interface LoadedPolicy {
  readonly policy: Policy;
  /** As it is shown to people. */
  readonly path: string;
  /** Which line set a key (`weights.yara_match`, `gaps.opaque.nested`), or that nobody did. */
  readonly originOf: (key: string) => Origin;
}

/**
 * The policy in the file at `path`, defaults filled in. Throws BL_POLICY with everything that is wrong at once,
 * one line each: `FILE:LINE:COLUMN: key: what was expected`. `shown` is the path as messages name it.
 */
export function loadPolicy(path: string, options: { strict?: boolean; shown?: string } = {}): LoadedPolicy {
  const shown = options.shown ?? path;
  const yaml = parseYaml(read(path, shown));
  if (!isYamlFile(yaml)) throw invalid(shown, yaml);
  if (yaml.value === null || yaml.value === undefined) {
    throw invalid(shown, [
      { line: 1, column: 1, key: '', text: 'the file is empty; expected weights, thresholds, …' },
    ]);
  }
  const parsed = policyFile.safeParse(yaml.value);
  const problems = [
    ...(parsed.success ? [] : schemaProblems(parsed.error.issues, yaml)),
    ...checkAcrossKeys(yaml),
  ].toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (!parsed.success || problems.length > 0) throw invalid(shown, problems);
  return {
    policy: effective(parsed.data, options.strict === true),
    path: shown,
    originOf: (key) => originOf(key, yaml, shown),
  };
}

function isYamlFile(yaml: YamlFile | readonly Problem[]): yaml is YamlFile {
  return 'locate' in yaml;
}

function read(path: string, shown: string): Buffer {
  try {
    return readSmallFile(path, MAX_BYTES);
  } catch (error) {
    throw new BackupLensError('BL_POLICY', `${shown}: cannot be read: ${inWords(error)}`, {
      hint: 'the scoring policy is named by --scoring or SCORING_CONFIG; without them the delivered one is used',
      cause: error,
    });
  }
}

function invalid(shown: string, problems: readonly Problem[]): BackupLensError {
  const lines = problems
    .slice(0, MAX_PROBLEMS)
    .map(
      ({ line, column, key, text }) => `${shown}:${line}:${column}: ${key === '' ? '' : `${key}: `}${text}`,
    );
  if (problems.length > MAX_PROBLEMS) lines.push('and more');
  return new BackupLensError('BL_POLICY', lines.join('\n'), {
    hint: 'config/scoring.yaml as it is delivered shows every key and its default',
  });
}

type Issue = NonNullable<ReturnType<typeof policyFile.safeParse>['error']>['issues'][number];

/** What zod found, each with its place in the text; said once where a word stands for root and nested alike. */
function schemaProblems(issues: readonly Issue[], yaml: YamlFile): Problem[] {
  const problems = new Map<string, Problem>();
  for (const issue of issues.slice(0, MAX_PROBLEMS + 1)) {
    for (const problem of inPlace(issue, yaml)) {
      problems.set(`${problem.line}:${problem.column} ${problem.key}`, problem);
    }
  }
  return [...problems.values()];
}

function inPlace(issue: Issue, yaml: YamlFile): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path);
    return issue.keys.slice(0, MAX_PROBLEMS + 1).map((key) => ({
      ...yaml.locateKey([...path, key]),
      key: keyName([...path, key]),
      text: `unknown key; ${suggestion(key, known)}`,
    }));
  }
  const written = existing(path, yaml.value);
  const got = valueAt(written, yaml.value);
  const missing = written.length < path.length && isMapping(got);
  const at = missing ? path : written;
  return [
    {
      ...(got === null ? yaml.locateKey(written) : yaml.locate(written)),
      key: keyName(at),
      text: `expected ${issue.message}, got ${missing ? 'nothing' : quoted(got)}`,
    },
  ];
}

/** The part of the path that the file really has: `gaps.encrypted` where `root` was only implied. */
function existing(path: KeyPath, value: unknown): KeyPath {
  let inner = value;
  for (const [depth, part] of path.entries()) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part))
      return path.slice(0, depth);
    inner = valueAt([part], inner);
  }
  return path;
}

function valueAt(path: KeyPath, value: unknown): unknown {
  let inner = value;
  for (const part of path) {
    if (Array.isArray(inner) && typeof part === 'number') inner = inner[part];
    else if (isMapping(inner)) inner = inner[part];
  }
  return inner;
}

/** `accept[2].path`; what is no plain name is quoted. */
function keyName(path: KeyPath): string {
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return `.${/^[\w-]+$/.test(part) ? brief(part) : quoted(part)}`;
  });
  return parts.join('').replace(/^\./, '');
}

/** As JSON, so that no control character reaches a terminal, and short. */
function quoted(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'number') return String(value);
  return brief(JSON.stringify(value) ?? 'nothing');
}

function brief(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function originOf(key: string, yaml: YamlFile, shown: string): Origin {
  const path = key.split('.');
  const found = existing(path, yaml.value);
  // A gap's word stands for root and nested alike.
  const isSet =
    found.length === path.length || (found.length === 2 && !isMapping(valueAt(found, yaml.value)));
  return isSet ? `file ${shown}:${yaml.locateKey(found).line}` : 'default';
}

function effective(file: PolicyFile, strict: boolean): Policy {
  const policy = {
    weights: weightsOf(file),
    thresholds: {
      auto_approve: file.thresholds?.auto_approve ?? DEFAULT_POLICY.thresholds.auto_approve,
      manual_review: file.thresholds?.manual_review ?? DEFAULT_POLICY.thresholds.manual_review,
    },
    gaps: gapsOf(file),
    max_uninspected_share: file.gaps?.max_uninspected_share ?? DEFAULT_POLICY.max_uninspected_share,
    yara_weights: yaraWeightsOf(file),
    accept: (file.accept ?? []).map(acceptedGap),
    release_provisional: file.release_provisional ?? DEFAULT_POLICY.release_provisional,
  };
  return { ...policy, strict, sha256: createHash('sha256').update(canonical(policy)).digest('hex') };
}

function weightsOf(file: PolicyFile): Policy['weights'] {
  const weights: Record<FindingKind, number> = { ...DEFAULT_POLICY.weights };
  for (const kind of FINDING_KINDS) weights[kind] = file.weights?.[kind] ?? weights[kind];
  return weights;
}

function gapsOf(file: PolicyFile): Policy['gaps'] {
  const gaps: Record<GapReason, GapRules> = { ...DEFAULT_POLICY.gaps };
  for (const reason of GAP_REASONS) {
    const written = file.gaps?.[reason];
    gaps[reason] = {
      root: written?.root ?? gaps[reason].root,
      nested: written?.nested ?? gaps[reason].nested,
    };
  }
  return gaps;
}

function yaraWeightsOf(file: PolicyFile): Policy['yara_weights'] {
  return Object.fromEntries(
    Object.entries(file.yara?.weights ?? {}).flatMap(([name, points]) =>
      points === undefined ? [] : [[name, points]],
    ),
  );
}

function acceptedGap(entry: NonNullable<PolicyFile['accept']>[number]): AcceptedGap {
  return {
    reason: entry.reason,
    format: entry.format ?? null,
    path: entry.path ?? '**',
    until: entry.until === undefined ? null : instant(entry.until),
    why: entry.why,
  };
}

/** RFC 3339 UTC. A date alone lasts to the end of its day. */
function instant(until: string): string {
  return until.includes('T') ? new Date(until).toISOString() : `${until}T23:59:59.999Z`;
}

/** JSON with sorted keys: equal policies have equal text, however their files were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isMapping(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
