import type { Scratch } from '../bytes/index.ts';
import type { RansomwareName } from '../domain/index.ts';
import type { Analyzer } from './analyzer.ts';
import { clamavAnalyzer, type ClamdEndpoint } from './clamav/index.ts';
import { engineAway, type Away } from './engine-away.ts';
import { entropyAnalyzer } from './entropy/index.ts';
import { hashSetsAnalyzer, type HashSetsEndpoint } from './hash-sets/index.ts';
import { ransomNoteAnalyzer } from './ransom-note/index.ts';
import { typeMismatchAnalyzer } from './type-mismatch/index.ts';
import { yaraAnalyzer, type Endpoint } from './yara/index.ts';

/** Where the engines are. Plain data: it crosses from the parent to the scan workers. */
export interface EngineEndpoints {
  readonly clamd: ClamdEndpoint | Away;
  readonly yara: Endpoint | Away;
}

export interface AnalyzerOptions extends EngineEndpoints {
  /** Bits per byte. */
  readonly entropy_threshold: number;
  /** What is known; `ransomwareNames` of the domain makes it answer. */
  readonly ransomware_names: readonly RansomwareName[];
  /** Absent: there are none. */
  readonly hash_sets?: HashSetsEndpoint;
  readonly scratch: Scratch;
  /** Processes that share the engines. */
  readonly workers: number;
}

/** Every analyzer, in the order of the specification: one line each. */
export function openAnalyzers(options: AnalyzerOptions): readonly Analyzer[] {
  const {
    clamd,
    yara,
    scratch,
    workers,
    entropy_threshold: threshold,
    ransomware_names,
    hash_sets,
  } = options;
  return [
    typeMismatchAnalyzer(),
    'away' in clamd ? engineAway('clamav', clamd) : clamavAnalyzer(shareOf(clamd, workers)),
    'away' in yara ? engineAway('yara', yara) : yaraAnalyzer({ endpoint: yara, scratch }),
    entropyAnalyzer({ threshold, ransomware_names }),
    ransomNoteAnalyzer({ names: ransomware_names }),
    ...(hash_sets === undefined ? [] : [hashSetsAnalyzer(hash_sets)]),
  ];
}

/** Each scans with its share of clamd's threads, one at least. */
function shareOf(clamd: ClamdEndpoint, workers: number): ClamdEndpoint {
  return clamd.threads === null
    ? clamd
    : { ...clamd, threads: Math.max(1, Math.floor(clamd.threads / workers)) };
}
