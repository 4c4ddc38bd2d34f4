import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { BackupLensError, ENGINE_AWAY, FINDING_KINDS, GAP_REASONS, inWords } from '../domain/index.ts';
import type { Assessment, Baseline, BaselineEntry } from '../domain/index.ts';
import { isMapping } from './policy-schema.ts';
import { suggestion } from './nearest.ts';
import { readSmallFile } from './read-small-file.ts';

/** What people have already judged, in a file of its own. */
const BASELINE_SCHEMA = 'backuplens.baseline/1';

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 1_000_000;
const MAX_TEXT = 4096;
const MAX_PROBLEMS = 50;

const TEXT = `a text of 1 to ${MAX_TEXT} characters`;
const text = z.string(TEXT).min(1, TEXT).max(MAX_TEXT, TEXT);
const ACCEPTABLE = GAP_REASONS.filter((reason) => !ENGINE_AWAY.includes(reason));
const optional = <T extends z.ZodType>(schema: T) => schema.nullable().default(null);

const entry = z.strictObject(
  {
    sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits'),
    where: z.string('a text, or null').nullable().exactOptional(),
    kind: optional(z.enum(FINDING_KINDS, `one of ${FINDING_KINDS.join(', ')}, or null`)),
    rule: optional(z.string('the name of the rule, or null')),
    reason: optional(z.enum(ACCEPTABLE, `one of ${ACCEPTABLE.join(', ')}, or null`)),
    by: optional(z.string('who could not look, or null')),
    who: text,
    why: text,
    until: optional(z.iso.datetime({ offset: true, error: 'a time such as 2027-01-31T00:00:00Z, or null' })),
  },
  'an object with sha256, kind and rule or reason and by, who, why and until',
);
const ENTRY_KEYS = Object.keys(entry.shape);

/** The entries of the file at `path`. Throws BL_CONFIG that names each wrong entry and key. An `until` that is over is fine. */
export function loadBaseline(path: string): Baseline {
  const file = parseJson(path);
  if (!isMapping(file) || file['schema'] !== BASELINE_SCHEMA) {
    throw invalid(path, [`schema: expected ${JSON.stringify(BASELINE_SCHEMA)}`]);
  }
  const entries = file['entries'];
  if (!Array.isArray(entries)) throw invalid(path, ['entries: expected a list']);
  if (entries.length > MAX_ENTRIES) throw invalid(path, [`entries: expected at most ${MAX_ENTRIES}`]);
  const problems = Object.keys(file)
    .filter((key) => key !== 'schema' && key !== 'entries')
    .map((key) => `${JSON.stringify(key.slice(0, 100))}: unknown key; expected one of schema, entries`);
  const baseline: BaselineEntry[] = [];
  for (const [index, written] of entries.entries()) {
    const checked = check(written, `entries[${index}]`);
    if (Array.isArray(checked)) problems.push(...checked);
    else baseline.push(checked);
    if (problems.length > MAX_PROBLEMS) break;
  }
  if (problems.length > 0) throw invalid(path, problems);
  return baseline;
}

function parseJson(path: string): unknown {
  let json: string;
  try {
    json = readSmallFile(path, MAX_BYTES).toString('utf8');
  } catch (error) {
    throw new BackupLensError('BL_CONFIG', `baseline ${path}: cannot be read: ${inWords(error)}`, {
      hint: '--write-baseline makes one',
      cause: error,
    });
  }
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid(path, [`not valid JSON: ${inWords(error)}`], error);
  }
}

function check(written: unknown, place: string): BaselineEntry | string[] {
  const parsed = entry.safeParse(written);
  if (!parsed.success) {
    return parsed.error.issues.flatMap((issue) => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys
          .slice(0, MAX_PROBLEMS)
          .map(
            (key) =>
              `${place}: unknown key ${JSON.stringify(key.slice(0, 100))}; ${suggestion(key, ENTRY_KEYS)}`,
          );
      }
      return [`${[place, ...issue.path].map(String).join('.')}: expected ${issue.message}`];
    });
  }
  const { kind, rule, reason, by } = parsed.data;
  const isFinding = kind !== null && rule !== null && reason === null && by === null;
  const isGap = kind === null && rule === null && reason !== null && by !== null;
  return isFinding || isGap
    ? parsed.data
    : [`${place}: expected kind and rule (a finding), or reason and by (a gap)`];
}

function invalid(path: string, problems: readonly string[], cause?: unknown): BackupLensError {
  const lines = problems.slice(0, MAX_PROBLEMS).map((problem) => `baseline ${path}: ${problem}`);
  if (problems.length > MAX_PROBLEMS) lines.push('and more');
  return new BackupLensError('BL_CONFIG', lines.join('\n'), { cause });
}

/** Who judges, why, and until when (RFC 3339 UTC; null: without an end). */
export interface Judgement {
  readonly who: string;
  readonly why: string;
  readonly until: string | null;
}

type Judged = Pick<Assessment, 'findings' | 'gaps'>;

/**
 * Makes entries of what nobody has judged yet, one assessment at a time, so that results need not be kept. What
 * says nothing of the content (an engine that was away) or whose content was never read to its end is left out.
 */
export class BaselineCollector {
  readonly #judgement: Judgement;
  readonly #entries = new Map<string, BaselineEntry>();
  #unbound = 0;

  constructor(judgement: Judgement) {
    this.#judgement = judgement;
  }

  /** Findings and gaps that cannot be accepted, because no hash of their content is known. */
  get unbound(): number {
    return this.#unbound;
  }

  /** Throws BL_OUTPUT beyond the million entries that a baseline may hold. */
  add(assessment: Judged): void {
    for (const { accepted, sha256, kind, rule, trail } of assessment.findings) {
      if (accepted === null)
        this.#put(sha256, { where: trail.join(' › '), kind, rule, reason: null, by: null });
    }
    for (const { accepted, sha256, reason, by, trail } of assessment.gaps) {
      if (accepted === null && !ENGINE_AWAY.includes(reason)) {
        this.#put(sha256, { where: trail.join(' › '), kind: null, rule: null, reason, by });
      }
    }
  }

  #put(sha256: string | null, what: Omit<BaselineEntry, 'sha256' | keyof Judgement>): void {
    if (sha256 === null) {
      this.#unbound += 1;
      return;
    }
    if (this.#entries.size >= MAX_ENTRIES) {
      throw new BackupLensError('BL_OUTPUT', `a baseline holds at most ${MAX_ENTRIES} entries`);
    }
    const key = JSON.stringify([sha256, what.kind, what.rule, what.reason, what.by]);
    this.#entries.set(key, { sha256, ...what, ...this.#judgement });
  }

  /** Each once, by hash and then by what it is: the same results give the same file. */
  entries(): Baseline {
    return [...this.#entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  }
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** Writes a new file, whole or not at all (0600). Throws BL_OUTPUT, also when something is there already. */
export function writeBaseline(path: string, baseline: Baseline): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      throw new BackupLensError('BL_OUTPUT', `baseline ${path}: exists already, and is not overwritten`, {
        hint: 'move it away first, or name another file',
      });
    }
    const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fill(descriptor, baseline);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    if (error instanceof BackupLensError) throw error;
    throw new BackupLensError('BL_OUTPUT', `baseline ${path}: cannot be written: ${inWords(error)}`, {
      cause: error,
    });
  }
}

/** Closes the descriptor, whatever happens. */
function fill(descriptor: number, baseline: Baseline): void {
  let bytes = 0;
  const write = (part: string): void => {
    bytes += Buffer.byteLength(part);
    if (bytes > MAX_BYTES) throw new RangeError(`larger than the ${MAX_BYTES} bytes that can be read back`);
    writeFileSync(descriptor, part);
  };
  try {
    write(`{"schema": ${JSON.stringify(BASELINE_SCHEMA)}, "entries": [`);
    for (const [index, each] of baseline.entries()) {
      write(`${index === 0 ? '' : ','}\n  ${JSON.stringify(each)}`);
    }
    write('\n]}\n');
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
