import type { RejectedRule } from '../../domain/index.ts';
import type { RuleFile } from './engine.ts';
import { offsetOf, readReport, type CompilerReport } from './compiler-report.ts';
import { readSource, without, type SourceParts } from './rule-source.ts';

/** Each names at least one more rule; a file with this many faults one behind the other is given up. */
const MAX_ROUNDS = 30;
const MAX_REJECTED = 100;

export interface Salvaged {
  /** What is left of it, and compiles; null when nothing is. */
  readonly file: RuleFile | null;
  readonly rejected: readonly RejectedRule[];
}

/**
 * Leaves out the rules of a file that do not compile, and what depends on them, until the rest does. `errorsOf` is the
 * compiler: all reports on a source.
 */
export function salvage(file: RuleFile, errorsOf: (source: string) => readonly string[]): Salvaged {
  let { source } = file;
  const rejected: RejectedRule[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const reports = errorsOf(source).map(readReport);
    if (reports.length === 0) {
      const some = readSource(source).rules.length > 0;
      return { file: some ? { ...file, source } : null, rejected: bounded(file, rejected) };
    }
    const parts = readSource(source);
    const blamed = new Map<number, Blamed>();
    for (const report of reports) {
      const part = partBlamed(source, parts, report);
      if (part === null) {
        return { file: null, rejected: [rejectedAt(file, report, 'the file is left out')] };
      }
      if (blamed.has(part.start)) continue;
      blamed.set(part.start, part);
      rejected.push(rejectedAt(file, report, part.what));
    }
    source = without(source, [...blamed.values()]);
  }
  const [first] = rejected;
  return {
    file: null,
    rejected: [{ ...(first ?? unplaced(file)), message: 'too many faults; the file is left out' }],
  };
}

/** [start, end) in the source, and what is to be said of it. */
interface Blamed {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

/** The rule that a report is about; outside of rules its line. */
function partBlamed(source: string, { rules }: SourceParts, report: CompilerReport): Blamed | null {
  const offset = offsetOf(source, report);
  if (offset === null) return null;
  let last = null;
  for (const rule of rules) {
    if (rule.start > offset) break;
    // A missing brace shows at the beginning of the next rule, or of its modifiers.
    if (last !== null && !last.closed && source.slice(rule.start, offset).trim() === '') break;
    last = rule;
  }
  if (last !== null && (offset < last.end || !last.closed)) return { ...last, what: 'this rule is left out' };
  const start = source.lastIndexOf('\n', offset - 1) + 1;
  const stop = source.indexOf('\n', offset);
  const next = rules.find((rule) => rule.start > offset);
  const end = Math.min(stop === -1 ? source.length : stop, next?.start ?? source.length);
  const from = Math.max(start, last?.end ?? 0);
  if (source.slice(from, end).trim() === '') return null;
  return { start: from, end, what: 'this line is left out' };
}

/** In the file that the line came from, where it was included. */
function rejectedAt(
  file: RuleFile,
  { code, title, line, column }: CompilerReport,
  what: string,
): RejectedRule {
  const message = `${title}${code === '' ? '' : ` (${code})`}; ${what}`;
  if (line === null || file.origins === undefined) return { file: file.file, line, column, message };
  const origin = file.origins.findLast(({ from }) => from <= line);
  if (origin === undefined) return { file: file.file, line, column, message };
  return { file: origin.file, line: origin.line + line - origin.from, column, message };
}

function unplaced(file: RuleFile): RejectedRule {
  return { file: file.file, line: null, column: null, message: '' };
}

function bounded(file: RuleFile, rejected: readonly RejectedRule[]): readonly RejectedRule[] {
  if (rejected.length <= MAX_REJECTED) return rejected;
  const message = `${rejected.length - MAX_REJECTED} more rules are left out`;
  return [...rejected.slice(0, MAX_REJECTED), { ...unplaced(file), message }];
}
