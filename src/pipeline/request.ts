import type { ErrorEntry, FileResult, ReportFooter, ReportHeader, SkippedEntry } from '../contracts/index.ts';
import type { SetFolder } from '../analyze/hash-sets/index.ts';
import type { Places } from '../dispose/index.ts';
import type { Assessment, Baseline, Policy } from '../domain/index.ts';
import type { PassedFiles, WalkOptions } from '../intake/index.ts';
import type { Store } from '../store/index.ts';
import type { EngineChoice } from './engines.ts';
import type { WorkerSetup } from './protocol.ts';
import type { CacheChoice } from './verdicts/index.ts';

/** Everything a scan needs to know; nothing is read from anywhere else. */
export interface ScanRequest {
  /** Of this program. */
  readonly version: string;
  /** Paths as bytes; `-` is standard input. */
  readonly paths: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Whether `-` may be among them. */
  readonly stdin: boolean;
  readonly walk: WalkOptions;
  readonly policy: Policy;
  readonly baseline: Baseline;
  /** Where the policy was read from; null: the built-in one. */
  readonly policy_path: string | null;
  /** Policy, rules and baseline: path and hash of each, for the report. */
  readonly used: readonly { readonly path: string; readonly sha256: string | null }[];
  readonly engines: EngineChoice;
  /** Folders of lists of known hashes. */
  readonly hash_sets: readonly SetFolder[];
  /** `clamav`, `yara`: engines without which the run is not valid. */
  readonly require: readonly string[];
  /** `auto`: as many as the machine and the engines are good for. */
  readonly workers: number | 'auto';
  readonly settings: Pick<WorkerSetup, 'limits' | 'passwords' | 'entropy_threshold' | 'ransomware_names'>;
  /** Folders and files that scan workers may read: what is scanned. */
  readonly readable: readonly string[];
  readonly scratch_parent: string;
  /** What was found out before; null: everything is found out again, and nothing is kept. */
  readonly cache: CacheChoice | null;
  /** Carry out the decisions; null: report only. */
  readonly apply: Apply | null;
  /**
   * So many files are told of one by one, whatever there is to say of them; beyond, those that have not changed and of which there is
   * nothing to be said may be counted only.
   */
  readonly one_by_one: number;
  /** Whether the footer is to say where the time went. */
  readonly stats: boolean;
  /** Ends the scan; what is finished by then has been reported. */
  readonly signal: AbortSignal;
}

/** What it takes to carry out decisions. */
export interface Apply {
  readonly places: Places;
  /** For the journal. */
  readonly who: string;
  /**
   * Runs `work` while the store is ours, and others wait. The store is good until it has ended. Throws BL_STORE and
   * BL_STORE_LOCKED when it cannot be had.
   */
  readonly inTurn: <T>(work: (store: Store) => Promise<T>) => Promise<T>;
}

/** What a scan has to say, in walk order: one header, results and what else was met, one footer. */
export type ScanEvent =
  | { readonly type: 'header'; readonly header: ReportHeader }
  | { readonly type: 'result'; readonly result: FileResult; readonly assessment: Assessment }
  /** Files of a folder (as it is called in reports) that have not changed, approved before, in which there was nothing. */
  | ({ readonly type: 'unchanged'; readonly folder: string } & PassedFiles)
  | { readonly type: 'skipped'; readonly entry: SkippedEntry; readonly outward: boolean }
  | { readonly type: 'error'; readonly entry: ErrorEntry }
  | { readonly type: 'footer'; readonly footer: ReportFooter };
