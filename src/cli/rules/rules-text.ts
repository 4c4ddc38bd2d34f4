import type { RuleProblem, RulesCheckReport, RulesListReport } from '../../contracts/index.ts';
import { counted, forTerminal, padEnd, paint, shortenEnd, width, type Paint } from '../../report/index.ts';

/** `rules check` and `rules list` for people. Everything that a rule's author chose is escaped here. */

const GUTTER = '  ';
const SEVERITY_COLUMNS = 7;
/** Longer places move their own line only. */
const MAX_PLACE_COLUMNS = 48;
const MAX_CELL_COLUMNS = 40;
/** Of one code in one file: the rest is counted. */
const MAX_ALIKE = 5;
/** The program that a line of `rules check` is clicked in wants file:line:column at its beginning. */
const place = ({ file, line, column }: RuleProblem): string =>
  [forTerminal(file), line, column].filter((part) => part !== null).join(':');

export interface TextOptions {
  readonly color: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly columns: number | undefined;
}

export function checkText(report: RulesCheckReport, { color, verbose, quiet }: TextOptions): string[] {
  const colors = paint(color);
  const shown = quiet ? report.problems.filter(({ severity }) => severity === 'error') : report.problems;
  const [told, left] = verbose ? [shown, []] : alike(shown);
  const columns = Math.min(MAX_PLACE_COLUMNS, Math.max(0, ...told.map((problem) => width(place(problem)))));
  const hinted = new Set<string>();
  const lines = told.flatMap((problem) => {
    const { severity, code, message, hint } = problem;
    const word = severityColor(colors, severity)(severity) + ' '.repeat(SEVERITY_COLUMNS - severity.length);
    const line = [
      padEnd(place(problem), columns),
      word,
      `${forTerminal(message)} ${colors.dim(`(${code})`)}`,
    ];
    // What to do is said once for each kind, or after every one with --verbose.
    const say = hint !== null && (verbose || !hinted.has(`${code} ${hint}`));
    if (hint === null || !say) return [line.join(GUTTER)];
    hinted.add(`${code} ${hint}`);
    const indent = ' '.repeat(columns + SEVERITY_COLUMNS + 2 * GUTTER.length);
    return [line.join(GUTTER), `${indent}${colors.dim(`hint: ${forTerminal(hint)}`)}`];
  });
  return [
    ...lines,
    ...left.map((text) => colors.dim(text)),
    ...(lines.length > 0 ? [''] : []),
    summary(report, colors),
  ];
}

/** At most so many of one kind in one file, and what to say of the others. */
function alike(problems: readonly RuleProblem[]): [RuleProblem[], string[]] {
  const counts = new Map<string, number>();
  const told = problems.filter(({ file, code, severity }) => {
    const key = `${code} in ${file}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return severity === 'error' || (counts.get(key) ?? 0) <= MAX_ALIKE;
  });
  const more = problems.length - told.length;
  return [
    told,
    more === 0
      ? []
      : [`… and ${counted(more, 'more of the same kind', 'more of the same kinds')} (--verbose)`],
  ];
}

function summary({ errors, warnings, notes, files, rules, engine }: RulesCheckReport, colors: Paint): string {
  const found = [
    [errors, 'error', colors.alarm],
    [warnings, 'warning', colors.warning],
    [notes, 'note', colors.dim],
  ] as const;
  const parts = found
    .filter(([count]) => count > 0)
    .map(([count, what, color]) => color(counted(count, what)));
  const told = parts.length === 0 ? 'nothing to complain of' : parts.join(', ');
  const load = rules === 1 ? 'loads' : 'load';
  return `${told} in ${counted(files, 'file')}; ${counted(rules, 'rule')} ${load} (${forTerminal(engine)})`;
}

function severityColor(colors: Paint, severity: RuleProblem['severity']): (text: string) => string {
  return { error: colors.alarm, warning: colors.warning, note: colors.dim }[severity];
}

export function listText({ rules }: RulesListReport, { color, verbose, columns }: TextOptions): string[] {
  const colors = paint(color);
  const rows = rules.map((rule) => [
    rule.private ? '-' : String(rule.weight),
    forTerminal(rule.rule),
    forTerminal(rule.namespace),
    forTerminal(rule.tags.join(' ') || '-'),
    forTerminal(`${rule.file}:${rule.line}`),
  ]);
  const heads = ['WEIGHT', 'RULE', 'NAMESPACE', 'TAGS', 'FILE'];
  const widths = heads.map((head, at) =>
    Math.min(MAX_CELL_COLUMNS, Math.max(head.length, ...rows.map((row) => width(row[at] ?? '')))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        if (at === row.length - 1) return cell;
        const cut = shortenEnd(cell, widths[at] ?? 0);
        return at === 0 ? cut.padStart(widths[at] ?? 0) : padEnd(cut, widths[at] ?? 0);
      })
      .join(GUTTER)
      .trimEnd();
  const lines = rules.flatMap((rule, at) => {
    const kind = [...(rule.private ? ['private'] : []), ...(rule.global ? ['global'] : [])];
    const meta = Object.entries(rule.meta)
      .filter(([key]) => verbose || key === 'description')
      .map(([key, value]) =>
        verbose ? `${forTerminal(key)}: ${forTerminal(String(value))}` : forTerminal(String(value)),
      );
    const below = [...(kind.length > 0 ? [`${kind.join(' ')} rule`] : []), ...meta].map((text) => {
      const indented = ' '.repeat((widths[0] ?? 0) + GUTTER.length) + text;
      return colors.dim(columns === undefined || verbose ? indented : shortenEnd(indented, columns));
    });
    return [line(rows[at] ?? []), ...below];
  });
  return [colors.strong(line(heads)), ...lines];
}
