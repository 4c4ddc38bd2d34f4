import { createRequire } from 'node:module';
import { compileRules } from './compile-rules.ts';
import {
  AT_ONCE,
  everyExternal,
  ScanTimedOut,
  type Externals,
  type RuleMatch,
  type YaraEngine,
} from './engine.ts';

/** What we use of the binding; its platform package brings no types. */
interface NativeModule {
  compile(source: string, options: NativeOptions): NativeRules;
  validate(
    source: string,
    options: NativeOptions,
  ): { errors: { message: string }[]; warnings: { message: string }[] };
  deserialize(set: Buffer): NativeRules;
}
interface NativeOptions {
  readonly defineVariables: Readonly<Record<string, string>>;
  readonly enableIncludes: boolean;
  readonly enableAllWarnings: boolean;
}
interface NativeRules {
  addRuleSources(sources: { source: string; namespace: string }[]): void;
  serialize(): Buffer;
  setTimeout(ms: number): void;
  setMaxMatchesPerPattern(count: number): void;
  /** Variables stay what they were in the scan before, unless they are given. */
  scan(bytes: Buffer, variables?: Readonly<Record<string, string>>): NativeMatch[];
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
  defineVariables: everyExternal({}),
  // The compiler would read any path and quote it (ATTACKS C6).
  enableIncludes: false,
  enableAllWarnings: false,
};

/** Throws what `require` throws where this platform has no build of it. */
export function nativeEngine(): YaraEngine {
  const binding: NativeModule = createRequire(import.meta.url)('@litko/yara-x-linux-x64-gnu');
  return {
    kind: 'native',
    version: VERSION,
    diagnose(source) {
      const { errors, warnings } = binding.validate(source, { ...OPTIONS, enableAllWarnings: true });
      return [...errors, ...warnings].map(({ message }) => message);
    },
    prepare(files, steps = AT_ONCE) {
      const { compiled, report } = compileRules(
        files,
        {
          all(chosen) {
            const rules = binding.compile('', OPTIONS);
            if (chosen.length > 0) {
              rules.addRuleSources(chosen.map(({ source, namespace }) => ({ source, namespace })));
            }
            return rules;
          },
          errorsOf: (source) => binding.validate(source, OPTIONS).errors.map(({ message }) => message),
        },
        steps,
      );
      return { set: compiled.serialize(), report };
    },
    load(set, { scanTimeoutMs, maxMatchesPerPattern, reads }) {
      const rules = binding.deserialize(set);
      rules.setTimeout(scanTimeoutMs);
      rules.setMaxMatchesPerPattern(maxMatchesPerPattern);
      // Setting them costs 2 µs a scan.
      if (reads.length === 0) return { scan: (bytes) => scan(rules, bytes) };
      return { scan: (bytes, about = {}) => scan(rules, bytes, about) };
    },
  };
}

function scan(rules: NativeRules, bytes: Buffer, about?: Externals): readonly RuleMatch[] {
  try {
    const found = about === undefined ? rules.scan(bytes) : rules.scan(bytes, everyExternal(about));
    return found.map(({ ruleIdentifier, namespace, tags, meta, matches }) => ({
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
