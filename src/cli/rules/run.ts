import { join, resolve } from 'node:path';
import { lintRules } from '../../analyze/yara/index.ts';
import { weigh } from '../../assess/index.ts';
import { loadConfig } from '../../config/index.ts';
import { processEnvironment } from '../../config/start/index.ts';
import {
  RULES_CHECK_SCHEMA,
  RULES_LIST_SCHEMA,
  type ExaminedFile,
  type RuleProblem,
  type RulesCheckReport,
  type RulesListReport,
} from '../../contracts/index.ts';
import { asciiJson } from '../../bytes/index.ts';
import { examineRules, type RulesExamination } from '../../pipeline/rules/index.ts';
import { forTerminal, shorten } from '../../report/index.ts';
import { checkText, listText, type TextOptions } from './rules-text.ts';
import type { CommonOptions } from '../run.ts';
import type { Tty } from '../tty.ts';

export interface RulesOptions extends CommonOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly ignore?: readonly string[];
  readonly scoring?: string;
  readonly rules?: readonly string[];
}

export async function check(folders: readonly string[], options: RulesOptions, tty: Tty): Promise<number> {
  const files: ExaminedFile[] = [];
  const engines = new Set<string>();
  let samples = 0;
  for (const folder of folders) {
    const examined = await examine([resolve(folder)], 'check', tty);
    // Named as an editor finds it.
    for (const file of examined.files) files.push(below(folder, file));
    engines.add(examined.engine);
    ({ samples } = examined);
  }
  const ignored = new Set(options.ignore);
  const problems = lintRules(files, samples).filter(({ code }) => !ignored.has(code));
  const countOf = (severity: RuleProblem['severity']): number =>
    problems.filter((problem) => problem.severity === severity).length;
  const report: RulesCheckReport = {
    schema: RULES_CHECK_SCHEMA,
    engine: [...engines].join(', '),
    folders,
    files: files.length,
    rules: files.reduce((sum, { rules }) => sum + rules.length, 0),
    errors: countOf('error'),
    warnings: countOf('warning'),
    notes: countOf('note'),
    problems,
    slowest: slowest(files),
  };
  print(options, tty, report, checkText);
  if (report.files === 0) tty.warn('there is no rule file', 'rule files end in .yar or .yara');
  return report.errors > 0 || (options.strict === true && report.warnings > 0) ? 1 : 0;
}

export function below(folder: string, { file, problems, rules, ...rest }: ExaminedFile): ExaminedFile {
  const named = <Placed extends { readonly file: string }>(placed: Placed): Placed => ({
    ...placed,
    file: join(folder, placed.file),
  });
  return { ...rest, file: join(folder, file), problems: problems.map(named), rules: rules.map(named) };
}

const MAX_SLOWEST = 10;

function slowest(files: readonly ExaminedFile[]): RulesCheckReport['slowest'] {
  return files
    .flatMap(({ file, ms_per_mb: cost }) =>
      cost === null ? [] : [{ file, ms_per_mb: Math.round(cost * 100) / 100 }],
    )
    .toSorted((a, b) => b.ms_per_mb - a.ms_per_mb)
    .slice(0, MAX_SLOWEST);
}

export async function list(options: RulesOptions, tty: Tty): Promise<number> {
  const { rulesDirs, policy } = loadConfig({ cwd: process.cwd(), env: processEnvironment(), flags: options });
  const { files } = await examine(rulesDirs.value, 'list', tty);
  const problems = files.flatMap((file) => file.problems).filter(({ severity }) => severity === 'error');
  const rules = files.flatMap(({ namespace, rules: declared }) =>
    declared.map((rule) => ({
      rule: rule.rule,
      namespace,
      file: rule.file,
      line: rule.line,
      column: rule.column,
      private: rule.private,
      global: rule.global,
      tags: rule.tags,
      meta: rule.meta,
      patterns: rule.patterns,
      weight: weigh({ kind: 'yara_match', rule: rule.rule, namespace, tags: rule.tags }, policy.policy),
    })),
  );
  const report: RulesListReport = { schema: RULES_LIST_SCHEMA, rules, problems };
  print(options, tty, report, listText);
  for (const { file, line, message } of problems) {
    tty.warn(`${file}${line === null ? '' : `:${line}`}: ${message}`, 'what does not compile is left out');
  }
  return 0;
}

function print<Report>(
  options: RulesOptions,
  tty: Tty,
  report: Report,
  inWords: (report: Report, options: TextOptions) => string[],
): void {
  if (options.json === true) return tty.print(asciiJson(report, 2));
  const { quiet = false, verbose = false } = options;
  for (const line of inWords(report, { color: tty.color, columns: tty.columns, quiet, verbose }))
    tty.print(line);
}

async function examine(
  folders: readonly string[],
  mode: 'check' | 'list',
  tty: Tty,
): Promise<RulesExamination> {
  const columns = tty.statusColumns;
  const onFile = (file: string, at: number, of: number): void => {
    if (columns !== undefined) tty.status(shorten(`${at + 1} of ${of}  ${forTerminal(file)}`, columns - 1));
  };
  return examineRules({ folders, mode, onFile });
}
