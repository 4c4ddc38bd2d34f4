import type { ExaminedFile, RuleProblem } from '../../contracts/index.ts';

/** What is wrong with a rule set, beyond what a compiler tells. Pure: the files were examined elsewhere. */

/** A share of samples of ordinary content: what is found in as many says nothing of any. */
const NEARLY_ALL = 0.8;
const MANY = 0.25;
/** Slower than this, ms a MB, whatever the others take (20 MB/s); and where the others are fast, 5 times their median. */
const SLOW_MS_PER_MB = 50;
const SLOW_AGAINST_MEDIAN = 5;
/** Below this, ms a MB (200 MB/s), nothing is called slow. */
const FAST_MS_PER_MB = 5;
/** The report shows `description`, and names who to ask. */
const EXPECTED_META = ['description', 'author'] as const;

type Rule = ExaminedFile['rules'][number];

/** All problems, in the order of files and places. */
export function lintRules(files: readonly ExaminedFile[], samples: number): readonly RuleProblem[] {
  const medianCost = median(files.flatMap(({ ms_per_mb: cost }) => cost ?? []));
  const problems = [
    ...files.flatMap(({ problems: told }) => told),
    ...files.flatMap((file) => [
      ...slow(file, medianCost),
      ...file.rules.flatMap((rule) => [...found(file, rule, samples), ...missingMeta(file, rule)]),
    ]),
    ...repeated(files),
  ];
  const once = new Map(
    problems.map((told) => [[told.file, told.line, told.column, told.code, told.message].join('\0'), told]),
  );
  const order = new Map(files.map(({ file }, index) => [file, index]));
  return [...once.values()].toSorted(
    (a, b) =>
      (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

type Told = Pick<RuleProblem, 'severity' | 'code' | 'message' | 'hint'>;

function problem(file: ExaminedFile, rule: Rule | null, told: Told): RuleProblem {
  const place = rule ?? { file: file.file, line: null, column: null };
  return { ...told, file: place.file, line: place.line, column: place.column, rule: rule?.rule ?? null };
}

function* found(file: ExaminedFile, rule: Rule, samples: number): Generator<RuleProblem> {
  const { ordinary, empty, rule: name } = rule;
  if (ordinary === null || samples === 0 || rule.global) return;
  const where = `${ordinary} of ${samples} samples of ordinary content`;
  if (ordinary >= NEARLY_ALL * samples) {
    yield problem(file, rule, {
      severity: 'error',
      code: 'matches_everything',
      message: `${name} is found in ${where}${empty ? ' and in an empty file' : ''}`,
      hint: 'it would quarantine every backup: narrow its condition, make it private, or give it weight 0',
    });
  } else if (ordinary >= MANY * samples) {
    yield problem(file, rule, {
      severity: 'warning',
      code: 'matches_much',
      message: `${name} is found in ${where}`,
      hint: 'narrow its condition, or give it a low weight (yara.weights in the policy)',
    });
  } else if (empty) {
    yield problem(file, rule, {
      severity: 'warning',
      code: 'matches_empty',
      message: `${name} is found in an empty file`,
      hint: 'a condition without strings or filesize > 0 holds where there is nothing to look at',
    });
  }
}

function* slow(file: ExaminedFile, medianCost: number): Generator<RuleProblem> {
  const limit = Math.max(FAST_MS_PER_MB, Math.min(SLOW_MS_PER_MB, SLOW_AGAINST_MEDIAN * medianCost));
  const { ms_per_mb: cost } = file;
  if (cost === null || cost < limit) return;
  const told = (who: string, ms: number): Told => ({
    severity: 'warning',
    code: 'slow_rule',
    message: `${who} ${speed(ms)}, the middle one of all files ${speed(medianCost)}`,
    hint: 'look for loops over the whole file, strings of less than four fixed bytes, hash or math over all of it',
  });
  const alone = file.rules.filter(({ ms_per_mb: own }) => own !== null && own >= Math.max(limit, cost / 4));
  if (alone.length === 0)
    yield problem(file, null, told(`all ${file.rules.length} rules of the file together:`, cost));
  for (const rule of alone) yield problem(file, rule, told(`${rule.rule} alone:`, rule.ms_per_mb ?? 0));
}

function* missingMeta(file: ExaminedFile, rule: Rule): Generator<RuleProblem> {
  if (rule.private || rule.global) return;
  const missing = EXPECTED_META.filter((key) => !Object.hasOwn(rule.meta, key));
  if (missing.length === 0) return;
  yield problem(file, rule, {
    severity: 'note',
    code: 'missing_meta',
    message: `${rule.rule} has no ${missing.join(' and no ')} in its meta`,
    hint: 'whoever has to judge a finding sees these in the report',
  });
}

function* repeated(files: readonly ExaminedFile[]): Generator<RuleProblem> {
  const names = new Map<string, Rule>();
  const bodies = new Map<string, Rule>();
  const seen = new Set<string>();
  for (const file of files) {
    for (const rule of file.rules) {
      // What is included in several files stands only once.
      if (rule.private || rule.global || seen.has(at(rule))) continue;
      seen.add(at(rule));
      const body = rule.same === null ? undefined : bodies.get(rule.same);
      const name = names.get(rule.rule);
      if (body !== undefined) {
        const twice = body.rule === rule.rule;
        yield problem(file, rule, {
          severity: 'warning',
          code: 'duplicate_rule',
          message: `${rule.rule} has the strings and the condition of ${twice ? 'the one' : body.rule} in ${at(body)}`,
          hint: 'delete one of them: each costs time and says the same',
        });
      } else if (name !== undefined) {
        yield problem(file, rule, {
          severity: 'note',
          code: 'duplicate_name',
          message: `${rule.rule} is another rule in ${at(name)}`,
          hint: 'both work, each in its own namespace; a weight by the name is for both',
        });
      }
      if (rule.same !== null && body === undefined) bodies.set(rule.same, rule);
      if (name === undefined) names.set(rule.rule, rule);
    }
  }
}

function at({ file, line }: Rule): string {
  return `${file}:${line}`;
}

function speed(msPerMb: number): string {
  if (msPerMb < 0.5) return 'over 2,000 MB/s';
  const mbPerSecond = 1000 / msPerMb;
  return `${mbPerSecond < 10 ? mbPerSecond.toFixed(1) : mbPerSecond.toFixed(0)} MB/s`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
