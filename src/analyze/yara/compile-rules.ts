import type { RejectedRule } from '../../domain/index.ts';
import type { RuleFile } from './engine.ts';

const MAX_MESSAGE_CHARS = 300;
/** E042: a file to include was not found; E044: includes are switched off. */
const INCLUDE_CODES = new Set(['E042', 'E044']);

/**
 * Compiles all files together, and where that fails, without those that fail alone. Namespaces are apart, so what
 * compiles alone compiles with the others.
 */
export function compileRules<Compiled>(
  files: readonly RuleFile[],
  compileAll: (files: readonly RuleFile[]) => Compiled,
  errorOf: (file: RuleFile) => string | null,
): { compiled: Compiled; kept: readonly RuleFile[]; rejected: readonly RejectedRule[] } {
  try {
    return { compiled: compileAll(files), kept: files, rejected: [] };
  } catch {
    // Nothing is lost: which files are to blame, and why, is found out below.
  }
  const rejected: RejectedRule[] = [];
  const kept = files.filter((file) => {
    const error = errorOf(file);
    if (error !== null) rejected.push(rejectedBy(file.file, error));
    return error === null;
  });
  return { compiled: compileAll(kept), kept, rejected };
}

/** A compiler's report as one line: what and where, without the source that it quotes (ATTACKS C6). */
export function rejectedBy(file: string, report: string): RejectedRule {
  const [first = ''] = report.split('\n', 1);
  const [, code = '', title = first] = /^(?:error\[(\w+)\]: )?(.*)$/.exec(first) ?? [];
  const place = /^ *--> line:(\d+):(\d+)$/m.exec(report);
  return {
    file,
    line: place === null ? null : Number(place[1]),
    column: place === null ? null : Number(place[2]),
    message: INCLUDE_CODES.has(code)
      ? 'include is not supported: put the rules in files of their own'
      : title.slice(0, MAX_MESSAGE_CHARS),
  };
}

// Comments, strings and regular expressions first, so that a "rule" inside them is not one.
const TOKEN = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|\/(?:\\.|[^\\/\n])+\/|\brule\s+\w+/g;

/** How many rules a source that compiles declares; no engine tells. */
export function countRules(source: string): number {
  let rules = 0;
  for (const [token] of source.matchAll(TOKEN)) if (token.startsWith('rule')) rules++;
  return rules;
}
