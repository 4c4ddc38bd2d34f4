import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface RuleFolder {
  readonly path: string;
  remove(): void;
}

/** A folder with these rule files, by name. */
export function ruleFolder(files: Readonly<Record<string, string>>): RuleFolder {
  const path = mkdtempSync('/tmp/backuplens-rules-');
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), source);
  }
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** Finds `NEEDLE`, wherever. */
export const NEEDLE = 'needle of the YARA tests';
export const NEEDLE_RULE = `rule Needle : test { meta: description = "a needle" strings: $n = "${NEEDLE}" condition: $n }`;

/** Does not end by itself where it finds this text: no rule set is free of something like it. */
export const ENDLESS = 'endless for the YARA tests';
export const ENDLESS_RULE = `rule Endless {
  strings: $e = "${ENDLESS}"
  condition: $e and for any i in (0..1000000): (for any j in (0..1000000): (i + j < 0))
}`;
