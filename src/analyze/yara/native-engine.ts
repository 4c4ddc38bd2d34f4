import { createRequire } from 'node:module';
import { compileRules, countRules } from './compile-rules.ts';
import { EXTERNALS, ScanTimedOut, type RuleMatch, type YaraEngine } from './engine.ts';

/** What we use of the binding; its platform package brings no types. */
interface NativeModule {
  compile(source: string, options: NativeOptions): NativeRules;
  validate(source: string, options: NativeOptions): { errors: { message: string }[] };
}
interface NativeOptions {
  readonly defineVariables: Readonly<Record<string, string>>;
  readonly enableIncludes: boolean;
  readonly enableAllWarnings: boolean;
}
interface NativeRules {
  addRuleSources(sources: { source: string; namespace: string }[]): void;
  setTimeout(ms: number): void;
  setMaxMatchesPerPattern(count: number): void;
  scan(bytes: Buffer): NativeMatch[];
}
interface NativeMatch {
  readonly ruleIdentifier: string;
  readonly namespace: string;
  readonly tags: string[];
  readonly meta: Record<string, string | number | boolean>;
  readonly matches: { identifier: string; offset: number; length: number }[];
}

/** The binding does not say which YARA-X it was built from; package.json pins the build (0.7.2). */
const VERSION = 'YARA-X 1.20.0 (native)';

const OPTIONS: NativeOptions = {
  defineVariables: Object.fromEntries(EXTERNALS.map((name) => [name, ''])),
  // The compiler would read any path and quote it (ATTACKS C6).
  enableIncludes: false,
  enableAllWarnings: false,
};

/** Throws what `require` throws where this platform has no build of it. */
export function nativeEngine(): YaraEngine {
  const binding: NativeModule = createRequire(import.meta.url)('@litko/yara-x-linux-x64-gnu');
  return {
    version: VERSION,
    compile(files, { scanTimeoutMs, maxMatchesPerPattern }) {
      const { compiled, kept, rejected } = compileRules(
        files,
        (chosen) => {
          const rules = binding.compile('', OPTIONS);
          if (chosen.length > 0) {
            rules.addRuleSources(chosen.map(({ source, namespace }) => ({ source, namespace })));
          }
          return rules;
        },
        ({ source }) => binding.validate(source, OPTIONS).errors[0]?.message ?? null,
      );
      compiled.setTimeout(scanTimeoutMs);
      compiled.setMaxMatchesPerPattern(maxMatchesPerPattern);
      return {
        rules: kept.reduce((sum, { source }) => sum + countRules(source), 0),
        ruleFiles: kept.length,
        rejected,
        scan: (bytes) => scan(compiled, bytes),
      };
    },
  };
}

function scan(rules: NativeRules, bytes: Buffer): readonly RuleMatch[] {
  try {
    return rules.scan(bytes).map(({ ruleIdentifier, namespace, tags, meta, matches }) => ({
      rule: ruleIdentifier,
      namespace,
      tags,
      meta,
      strings: matches.map(({ identifier, offset, length }) => ({ id: identifier, offset, length })),
    }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'Cancelled') throw new ScanTimedOut();
    throw error;
  }
}
