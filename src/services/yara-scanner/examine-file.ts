import { createHash } from 'node:crypto';
import type { ExaminedFile, RuleProblem } from '../../contracts/index.ts';
import {
  declarationsIn,
  diagnosticOf,
  salvage,
  ScanTimedOut,
  type RuleDeclaration,
  type RuleFile,
  type RuleSet,
  type YaraEngine,
} from '../../analyze/yara/load-engine.ts';
import { isolateRule } from './isolate-rule.ts';
import type { Sample } from './neutral-corpus.ts';
import { tryRules, type Trial } from './rule-trial.ts';

/** Ordinary content is scanned in a few ms; what takes longer is no use on a backup. */
const TRIAL_TIMEOUT_MS = 2000;
/** Files from here on have their rules tried one by one, ms a MB: a hundred MB/s, a tenth of what literals take. */
const LOOK_CLOSER_MS_PER_MB = 10;
/** All in one file: of more, the first. A rule alone is compiled and tried in a few ms. */
const MAX_ALONE = 200;
const MAX_ALONE_MS = 20_000;
const MAX_PROBLEMS = 200;
const MAX_NAME_CHARS = 256;
const MAX_META = 50;
const MAX_TEXT_CHARS = 1000;
/** A body as short as `: filename == ""` says the same in many rules. */
const MIN_BODY_CHARS = 24;

type Rules = ExaminedFile['rules'];

export interface Examiner {
  readonly engine: YaraEngine;
  /** None: rules are only listed. */
  readonly samples: readonly Sample[];
  /** What scanning costs without rules, ms a MB. */
  readonly idleMsPerMb: number;
}

/** What an engine takes for the samples without any rule. */
export function examiner(engine: YaraEngine, samples: readonly Sample[]): Examiner {
  if (samples.length === 0) return { engine, samples, idleMsPerMb: 0 };
  const none = compile(engine, { file: '', namespace: 'none', source: 'rule none { condition: false }' });
  return { engine, samples, idleMsPerMb: tryRules(none, samples).msPerMb };
}

/** One file: what the compiler says of it, what it declares, and how its rules behave. */
export function examineFile(by: Examiner, given: RuleFile): ExaminedFile {
  const problems = diagnosed(by.engine, given);
  const errorsOf = (source: string): readonly string[] =>
    by.engine.diagnose(source).filter((report) => diagnosticOf(report).severity === 'error');
  const broken = problems.some(({ severity }) => severity === 'error');
  const { file } = broken ? salvage(given, errorsOf) : { file: given };
  const rules = file === null ? [] : declarationsIn(file.source);
  const describe = (trial: Trial | null, costs: ReadonlyMap<RuleDeclaration, number>): Rules =>
    rules.map((rule) => described(given, rule, trial, costs.get(rule) ?? null));
  const examined = { file: given.file, namespace: given.namespace, problems };
  if (file === null || rules.length === 0 || by.samples.length === 0) {
    return { ...examined, rules: describe(null, NONE), ms_per_mb: null };
  }
  try {
    const trial = tryRules(compile(by.engine, file), by.samples);
    const cost = Math.max(0, trial.msPerMb - by.idleMsPerMb);
    const alone = cost < LOOK_CLOSER_MS_PER_MB ? NONE : costsOf(by, file, rules);
    return { ...examined, rules: describe(trial, alone), ms_per_mb: cost };
  } catch (error) {
    if (!(error instanceof ScanTimedOut)) throw error;
    const endless = [...costsOf(by, file, rules)].filter(([, cost]) => cost === Infinity);
    const places = endless.map(([rule]) => ({
      ...placed(given, rule),
      rule: rule.name.slice(0, MAX_NAME_CHARS),
    }));
    const unplaced = { file: given.file, line: null, column: null, rule: null };
    for (const place of places.length === 0 ? [unplaced] : places) problems.push({ ...TIMED_OUT, ...place });
    return { ...examined, rules: describe(null, NONE), ms_per_mb: null };
  }
}

const NONE: ReadonlyMap<RuleDeclaration, number> = new Map();

/** The compiler's words on a source; what comes from an included file is told of that file. */
function diagnosed(engine: YaraEngine, file: RuleFile): RuleProblem[] {
  const rules = declarationsIn(file.source);
  return engine
    .diagnose(file.source)
    .slice(0, MAX_PROBLEMS)
    .map((report) => {
      const { line, column, ...diagnostic } = diagnosticOf(report);
      const rule = line === null ? undefined : rules.findLast((declared) => declared.line <= line);
      const place =
        line === null || column === null ? { file: file.file, line, column } : placed(file, { line, column });
      return { ...diagnostic, ...place, rule: rule?.name.slice(0, MAX_NAME_CHARS) ?? null };
    });
}

/** In the file that the line came from. */
function placed(
  { file, origins = [] }: RuleFile,
  { line, column }: Pick<RuleDeclaration, 'line' | 'column'>,
): { file: string; line: number; column: number } {
  const origin = origins.findLast(({ from }) => from <= line);
  return origin === undefined
    ? { file, line, column }
    : { file: origin.file, line: origin.line + line - origin.from, column };
}

const TIMED_OUT = {
  severity: 'error',
  code: 'timed_out',
  message: `does not come to its end within ${TRIAL_TIMEOUT_MS} ms on 48 KB of ordinary content`,
  hint: 'every file would be a gap: bound its loops and repetitions, or ask for a cheap string first',
} as const;

function compile(engine: YaraEngine, file: RuleFile): RuleSet {
  const { set, report } = engine.prepare([file]);
  return engine.load(set, { scanTimeoutMs: TRIAL_TIMEOUT_MS, maxMatchesPerPattern: 1, reads: report.reads });
}

/** What each rule costs by itself, ms a MB; one that does not come to its end costs without bound. */
function costsOf(
  by: Examiner,
  file: RuleFile,
  rules: readonly RuleDeclaration[],
): Map<RuleDeclaration, number> {
  const costs = new Map<RuleDeclaration, number>();
  const started = performance.now();
  for (const rule of rules.slice(0, MAX_ALONE)) {
    if (performance.now() - started > MAX_ALONE_MS) break;
    try {
      const alone = compile(by.engine, { ...file, source: isolateRule(file.source, rules, rule) });
      costs.set(rule, Math.max(0, tryRules(alone, by.samples).msPerMb - by.idleMsPerMb));
    } catch (error) {
      if (!(error instanceof ScanTimedOut)) throw error;
      costs.set(rule, Infinity);
    }
  }
  return costs;
}

/** A name, tag or meta of a rule may be anything: what goes out is bounded. */
function described(
  file: RuleFile,
  rule: RuleDeclaration,
  trial: Trial | null,
  cost: number | null,
): Rules[number] {
  const { name, isPrivate, isGlobal, patterns, body } = rule;
  const meta = Object.entries(rule.meta).slice(0, MAX_META);
  return {
    rule: name.slice(0, MAX_NAME_CHARS),
    ...placed(file, rule),
    private: isPrivate,
    global: isGlobal,
    tags: rule.tags.slice(0, MAX_META).map((tag) => tag.slice(0, MAX_NAME_CHARS)),
    meta: Object.fromEntries(
      meta.map(([key, value]) => [
        key.slice(0, MAX_NAME_CHARS),
        typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARS) : value,
      ]),
    ),
    patterns,
    same: body.length < MIN_BODY_CHARS ? null : createHash('sha256').update(body).digest('hex').slice(0, 32),
    ordinary: trial === null || isPrivate ? null : (trial.ordinary.get(name) ?? 0),
    empty: trial?.empty.has(name) ?? false,
    ms_per_mb: cost === null || cost === Infinity ? null : cost,
  };
}
