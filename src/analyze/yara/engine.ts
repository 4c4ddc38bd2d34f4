import type { RejectedRule } from '../../domain/index.ts';

/** One rule file, read, with what it includes in the place of its `include` lines. */
export interface RuleFile {
  /** Relative to its rules folder. */
  readonly file: string;
  /** Unique: one a file, so that neither global rules nor names of one file touch another's. */
  readonly namespace: string;
  readonly source: string;
  /** Where lines of the source come from, in order; without it all of them are the file's own. */
  readonly origins?: readonly Origin[];
}

/** From line `from` of the source on, lines are those of `file` from `line` on. All count from 1. */
export interface Origin {
  readonly from: number;
  readonly file: string;
  readonly line: number;
}

/** What compiling came to. */
export interface CompileReport {
  readonly rules: number;
  /** Files of which at least one rule is in force. */
  readonly ruleFiles: number;
  readonly rejected: readonly RejectedRule[];
  /** The external variables that the rules read: only for these is an artifact's name of any use. */
  readonly reads: readonly External[];
}

/** Compiled rules as bytes: to be kept, or handed to the process that scans. */
export interface PreparedRules {
  readonly set: Buffer;
  readonly report: CompileReport;
}

export interface ScanOptions {
  /** After which a scan throws ScanTimedOut (native engine only: whoever calls guards the process besides). */
  readonly scanTimeoutMs: number;
  readonly maxMatchesPerPattern: number;
  readonly reads: readonly External[];
}

/** A pattern of a rule, found. Bytes from the start of what was scanned. */
export interface StringMatch {
  readonly id: string;
  readonly offset: number;
  readonly length: number;
}

/** All names and texts come from the rules: hostile, and not bounded here. */
export interface RuleMatch {
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string | number | boolean>>;
  readonly strings: readonly StringMatch[];
}

/** Rules that are ready. Scans are synchronous and not re-entrant: one process, one scan at a time. */
export interface RuleSet {
  /**
   * Throws ScanTimedOut; anything else it throws means that the engine cannot be trusted any more. Externals that are
   * not given are empty: nothing stays from the scan before.
   */
  scan(bytes: Buffer, about?: Externals): readonly RuleMatch[];
}

export type EngineKind = 'native' | 'wasm';

export interface YaraEngine {
  readonly kind: EngineKind;
  /** As reports show it: `YARA-X 1.20.0 (native)`. */
  readonly version: string;
  /** Never throws for a bad rule: it is left out and named in the report. */
  prepare(files: readonly RuleFile[], steps?: CompileSteps): PreparedRules;
  /** `set` was made by `prepare` of the same engine and build, and nobody else: native code trusts it blindly. */
  load(set: Buffer, options: ScanOptions): RuleSet;
  /** The compiler's reports on one source, errors first, then all of its warnings. They quote the source. */
  diagnose(source: string): readonly string[];
}

export class ScanTimedOut extends Error {
  constructor() {
    super('the scan took too long');
    this.name = 'ScanTimedOut';
  }
}

/** Defined as text for every rule: public rule sets expect them, and do not compile without. */
export const EXTERNALS = ['filename', 'filepath', 'extension', 'filetype', 'owner', 'md5'] as const;
export type External = (typeof EXTERNALS)[number];
export type Externals = Readonly<Partial<Record<External, string>>>;

/** A value for each, so that none is left from the scan before. */
export function everyExternal(about: Externals): Readonly<Record<External, string>> {
  const { filename = '', filepath = '', extension = '', filetype = '', owner = '', md5 = '' } = about;
  return { filename, filepath, extension, filetype, owner, md5 };
}

export interface CompileSteps {
  /** Told before each file that is compiled by itself: should that never end, it is to blame. */
  readonly at: (index: number) => void;
  /** Each file by itself first, because all together did not end. */
  readonly careful: boolean;
}

/** All together, and nobody asks how far it is. */
export const AT_ONCE: CompileSteps = { at: () => {}, careful: false };
