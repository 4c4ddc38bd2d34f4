import type { RejectedRule } from '../../domain/index.ts';

/** One rule file, read. */
export interface RuleFile {
  /** Relative to its rules folder. */
  readonly file: string;
  /** Unique: one a file, so that neither global rules nor names of one file touch another's. */
  readonly namespace: string;
  readonly source: string;
}

export interface CompileOptions {
  /** After which a scan throws ScanTimedOut (native engine only: whoever calls guards the process besides). */
  readonly scanTimeoutMs: number;
  readonly maxMatchesPerPattern: number;
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

/** Compiled rules. Scans are synchronous and not re-entrant: one process, one scan at a time. */
export interface RuleSet {
  readonly rules: number;
  /** Files that compiled. */
  readonly ruleFiles: number;
  readonly rejected: readonly RejectedRule[];
  /** Throws ScanTimedOut; anything else it throws means that the engine cannot be trusted any more. */
  scan(bytes: Buffer): readonly RuleMatch[];
}

export interface YaraEngine {
  /** As reports show it: `YARA-X 1.20.0 (native)`. */
  readonly version: string;
  /** Never throws for a bad rule: such a file is left out and named in `rejected`. */
  compile(files: readonly RuleFile[], options: CompileOptions): RuleSet;
}

export class ScanTimedOut extends Error {
  constructor() {
    super('the scan took too long');
    this.name = 'ScanTimedOut';
  }
}

/** Defined as empty text for every rule: public rule sets expect them, and do not compile without. */
export const EXTERNALS = ['filename', 'filepath', 'extension', 'filetype', 'owner'] as const;
