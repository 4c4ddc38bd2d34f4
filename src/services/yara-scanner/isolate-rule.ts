import type { RuleDeclaration } from '../../analyze/yara/load-engine.ts';

/**
 * The source with one rule only, and what that rule needs: the rules that it builds upon, and the file's global ones. The others become
 * blanks, so that every place stays what it was.
 */
export function isolateRule(
  source: string,
  rules: readonly RuleDeclaration[],
  chosen: RuleDeclaration,
): string {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const kept = new Set<RuleDeclaration>([chosen, ...rules.filter(({ isGlobal }) => isGlobal)]);
  for (const rule of kept) {
    for (const name of rule.uses) {
      const needed = byName.get(name);
      if (needed !== undefined) kept.add(needed); // A set that grows while it is walked is walked to its end.
    }
  }
  let alone = '';
  let at = 0;
  for (const rule of rules) {
    if (kept.has(rule)) continue;
    alone += source.slice(at, rule.start) + source.slice(rule.start, rule.end).replace(/[^\n]/g, ' ');
    at = rule.end;
  }
  return alone + source.slice(at);
}
