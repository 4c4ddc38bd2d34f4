import type { RejectedRule } from '../../domain/index.ts';
import { EXTERNALS, type CompileReport, type CompileSteps, type External, type RuleFile } from './engine.ts';
import { readSource } from './rule-source.ts';
import { salvage } from './salvage.ts';

/** What an engine's compiler can do. */
export interface Compiler<Compiled> {
  /** All together. Throws for any fault in any of them. */
  all(files: readonly RuleFile[]): Compiled;
  /** Every report on one source; none when it compiles. */
  errorsOf(source: string): readonly string[];
}

/**
 * Compiles all files together, and where that fails, without what does not compile by itself. Namespaces are apart, so
 * what compiles alone compiles with the others.
 */
export function compileRules<Compiled>(
  files: readonly RuleFile[],
  compiler: Compiler<Compiled>,
  { at, careful }: CompileSteps,
): { readonly compiled: Compiled; readonly kept: readonly RuleFile[]; readonly report: CompileReport } {
  if (!careful) {
    try {
      return { compiled: compiler.all(files), kept: files, report: reportOn(files, []) };
    } catch {
      // Nothing is lost: what is to blame, and why, is found out below.
    }
  }
  const rejected: RejectedRule[] = [];
  const kept: RuleFile[] = [];
  for (const [index, file] of files.entries()) {
    at(index);
    const salvaged = salvage(file, (source) => compiler.errorsOf(source));
    rejected.push(...salvaged.rejected);
    if (salvaged.file !== null) kept.push(salvaged.file);
  }
  // None of them is to blame for what all of them take together.
  if (careful) at(files.length);
  return { compiled: compiler.all(kept), kept, report: reportOn(kept, rejected) };
}

function reportOn(kept: readonly RuleFile[], rejected: readonly RejectedRule[]): CompileReport {
  const words = new Set<string>();
  let rules = 0;
  let ruleFiles = 0;
  for (const { source } of kept) {
    const parts = readSource(source);
    rules += parts.rules.length;
    if (parts.rules.length > 0) ruleFiles++;
    for (const name of EXTERNALS) if (parts.words.has(name)) words.add(name);
  }
  const reads: readonly External[] = EXTERNALS.filter((name) => words.has(name));
  return { rules, ruleFiles, rejected, reads };
}
