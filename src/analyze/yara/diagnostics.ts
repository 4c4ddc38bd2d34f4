import type { RuleProblem } from '../../contracts/index.ts';
import { EXTERNALS } from './engine.ts';

type Diagnostic = Omit<RuleProblem, 'file' | 'rule'>;

const MAX_TEXT_CHARS = 300;
/** YARA-X 1.20: what to do about what its compiler says. */
const HINTS: Readonly<Record<string, string>> = {
  E008: 'the module has no such field: see its documentation, or the spelling',
  E009: `a module needs its import, another rule has to stand above, and the externals here are ${EXTERNALS.join(', ')}`,
  E010: 'modules here are pe, elf, dotnet, macho, lnk, math, hash, string, time and what else YARA-X 1.20 has',
  E012: 'rename one of them: within a file a name belongs to one rule',
  E014: 'YARA-X knows neither backreferences nor look-around, and wants braces and brackets escaped',
  E022: 'use it in the condition, delete it, or begin its name with $_',
  E025: 'declare it under strings, or mend its name',
  slow_pattern: 'give it at least four bytes in a row that are fixed and not all alike',
  invariant_expr: 'the condition does not depend on what is scanned',
  unsatisfiable_expr: 'the two sides can never be equal',
};

/**
 * A report of the YARA-X compiler as one problem: what, where, and what to do, without the source line that it quotes
 * (ATTACKS C6).
 */
export function diagnosticOf(report: string): Diagnostic {
  const [first = ''] = report.split('\n', 1);
  const {
    level,
    code = '',
    title = first,
  } = /^(?<level>error|warning)\[(?<code>\w+)\]: (?<title>.*)$/.exec(first)?.groups ?? {};
  const place = /^ *--> (?:.*:)?(\d+):(\d+)$/m.exec(report);
  const label = /^ *\|[ ^-]*[\^-] (?<label>\S.*)$/m.exec(report)?.groups?.['label'];
  const note = /^ *= note: (?<note>.*)$/m.exec(report)?.groups?.['note'];
  const says = label === undefined || title.includes(label) ? title : `${title}: ${label}`;
  return {
    severity: level === 'warning' ? 'warning' : 'error',
    code: code === '' ? 'compiler' : code,
    message: says.slice(0, MAX_TEXT_CHARS),
    hint: note?.slice(0, MAX_TEXT_CHARS) ?? HINTS[code] ?? null,
    line: place === null ? null : Number(place[1]),
    column: place === null ? null : Number(place[2]),
  };
}
