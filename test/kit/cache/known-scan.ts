import { join } from 'node:path';
import { describeAddress, type ClamdAddress } from '../../../src/analyze/clamav/index.ts';
import type { FileResult, ReportFooter } from '../../../src/contracts/index.ts';
import { DEFAULT_LIMITS, DEFAULT_POLICY, ENTROPY_THRESHOLD, type Policy } from '../../../src/domain/index.ts';
import { engineChoice, scan, type ScanRequest } from '../../../src/pipeline/index.ts';
import { outline } from '../cli.ts';

type ScanCache = NonNullable<ScanRequest['cache']>;

export interface KnownScanOptions {
  /** Holds `in`, which is scanned, and gets `cache`. */
  readonly root: string;
  /** What is scanned, where that is not `in`. */
  readonly folder?: string;
  readonly clamd: { readonly address: ClamdAddress; readonly conf: string | null };
  /** Address of a yara-scanner. */
  readonly yara: string;
  readonly policy?: Partial<Policy>;
  readonly settings?: Partial<ScanRequest['settings']>;
  /** As the command line's --strict. */
  readonly strict?: boolean;
  /** As --rescan. */
  readonly fresh?: boolean;
  /** Nobody. */
  readonly brought_by?: Partial<ScanCache['brought_by']>;
  /** All of them. */
  readonly one_by_one?: number;
  /** One. */
  readonly workers?: number;
  /** A share, 0 to 1; none. */
  readonly sample?: number;
}

export interface KnownScan {
  readonly results: readonly FileResult[];
  /** Each in one line. */
  readonly lines: readonly string[];
  /** Files that were only counted, by folder. */
  readonly counted: Readonly<Record<string, number>>;
  readonly cache: NonNullable<ReportFooter['summary']['cache']>;
  readonly summary: ReportFooter['summary'];
}

export const CACHE_NAME = 'verdicts.sqlite';

/** A whole scan with its own workers and a cache in `root`, in this process. */
export async function knownScan(options: KnownScanOptions): Promise<KnownScan> {
  const { root, folder = join(root, 'in'), clamd, yara, strict = false, fresh = false, sample = 0 } = options;
  const request: ScanRequest = {
    version: 'test',
    paths: [Buffer.from(folder)],
    stdin: false,
    walk: { include: [], exclude: [], one_file_system: false, except: [] },
    policy: { ...DEFAULT_POLICY, sha256: '0'.repeat(64), strict, ...options.policy },
    policy_path: null,
    baseline: [],
    used: [],
    engines: engineChoice({
      clamd: [describeAddress(clamd.address)],
      clamd_canary: null,
      clamd_conf: clamd.conf,
      clamd_max_age_days: null,
      yara: { mode: 'service', url: yara },
      yara_token: null,
      rules: [],
      yara_cache: null,
    }),
    hash_sets: [],
    require: [],
    workers: options.workers ?? 1,
    stats: false,
    one_by_one: options.one_by_one ?? Infinity,
    settings: {
      limits: DEFAULT_LIMITS,
      passwords: [],
      entropy_threshold: ENTROPY_THRESHOLD,
      ransomware_names: [],
      ...options.settings,
    },
    readable: [root, folder],
    scratch_parent: root,
    cache: {
      cache: {
        folder: join(root, 'cache'),
        name: CACHE_NAME,
        key_folder: join(root, 'cache'),
        own_folder: true,
        domain: 'tests',
        max_bytes: 2 ** 30,
      },
      fresh,
      metadata: !strict,
      sample,
      clamd_conf: clamd.conf,
      brought_by: { bundles: null, updater: null, ...options.brought_by },
      rules: null,
    },
    apply: null,
    signal: new AbortController().signal,
  };
  const results: FileResult[] = [];
  const counted: Record<string, number> = {};
  let summary: ReportFooter['summary'] | null = null;
  for await (const event of scan(request)) {
    if (event.type === 'result')
      results.push({ ...event.result, path: event.result.path.slice(folder.length + 1) });
    if (event.type === 'unchanged') {
      const name = event.folder.slice(folder.length + 1);
      counted[name] = (counted[name] ?? 0) + event.files;
    }
    if (event.type === 'footer') ({ summary } = event.footer);
  }
  if (summary?.cache === undefined) throw new Error('no word of a cache');
  return { results, counted, lines: results.map(outline), cache: summary.cache, summary };
}
