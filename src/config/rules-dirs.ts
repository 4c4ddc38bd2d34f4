import { resolve } from 'node:path';
import { flag, type Flags } from './flags.ts';
import type { Given } from './given.ts';
import { DELIVERED_RULES, localFirst } from './places.ts';
import { firstOf, type Setting } from './setting.ts';

/**
 * A bundle's rules are in force beside those that somebody keeps here, or beside the delivered ones: it adds, and takes none away.
 * The others stand first, so that it is the bundle's which are left out where all together are too many.
 */
function usualRules(cwd: string, bundled: Setting<string> | null): Setting<readonly string[]> {
  const usual = localFirst(cwd, './yara-rules', '/rules', DELIVERED_RULES);
  return bundled === null
    ? { value: [usual], origin: 'default' }
    : { value: [usual, bundled.value], origin: bundled.origin };
}

export function rulesDirs(
  cwd: string,
  flags: Flags,
  given: Given,
  bundled: Setting<string> | null,
): Setting<readonly string[]> {
  const flagged = flags.rules === undefined || flags.rules.length === 0 ? undefined : flags.rules;
  const variable = given.YARA_RULES_DIR;
  return firstOf<readonly string[]>(
    [],
    flag(
      'rules',
      flagged?.map((dir) => resolve(cwd, dir)),
    ),
    variable === null ? null : { ...variable, value: variable.value.map((dir) => resolve(cwd, dir)) },
    usualRules(cwd, bundled),
  );
}
