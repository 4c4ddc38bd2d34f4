import { existsSync } from 'node:fs';
import { availableParallelism, userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parseClamdAddress, type ClamdAddress } from '../analyze/clamav/index.ts';
import {
  assertTrusted,
  BaselineCollector,
  loadBaseline,
  loadConfig,
  loadRansomwareNames,
  processEnvironment,
  writeBaseline,
  type ToTrust,
  type UsedFile,
  type EffectiveConfig,
} from '../config/index.ts';
import { recoverDispositions } from '../dispose/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { BackupLensError, ENGINE_AWAY } from '../domain/index.ts';
import { pathList } from '../intake/index.ts';
import { scan, type EngineChoice, type ScanEvent, type ScanRequest } from '../pipeline/index.ts';
import { createReport, type ReportWriter } from '../report/index.ts';
import { DEFAULT_LIMITS } from '../unpack/index.ts';
import { exitCode } from './exit-code.ts';
import { Progress } from './progress.ts';
import type { Tty } from './tty.ts';
import type { Run } from './run.ts';
import { openOutput } from './report-file.ts';
import { describeScan, type ScanOptions } from './scan-options.ts';
import { dispositionFolders, foldersOf, refuseOver, withRealPaths } from './scan-places.ts';
import { ScanProgress } from './scan-progress.ts';
import { programVersion } from './version.ts';

/** Adds `scan`. `run` gets the work and takes care of what it throws and of the exit code. */
export function addScanCommand(program: Command, run: Run): void {
  describeScan(program, (paths, options) => run(options, (tty) => scanCommand(paths, options, tty)));
}

async function scanCommand(paths: readonly string[], options: ScanOptions, tty: Tty): Promise<number> {
  checkUsage(paths, options);
  const cwd = process.cwd();
  const config = loadConfig({ cwd, env: processEnvironment(), flags: options });
  const baseline = options.baseline === undefined ? [] : loadBaseline(options.baseline);
  const roots = paths.filter((path) => path !== '-').map((path) => resolve(cwd, path));
  const used = assertTrusted(filesInUse(config, options), roots);
  const apply = options.apply === true ? dispositionFolders(config, roots) : null;

  const { signal, release } = interruption();
  const output = options.output === undefined ? null : await openOutput(options.output);
  const report = createReport(options.format, output?.stream ?? tty.output(), {
    ...(output === null ? { columns: tty.columns, color: tty.color } : {}),
    quiet: options.quiet,
    verbose: options.verbose,
    quarantineAbove: config.policy.policy.thresholds.manual_review,
  });
  if (apply !== null) await settle(apply, tty);
  const progress = new ScanProgress(new Progress(tty));
  const collector = new BaselineCollector({ who: userInfo().username, why: '', until: null });
  try {
    const request: ScanRequest = {
      version: programVersion(),
      paths: given(paths, options.filesFrom, [...used, ...foldersOf(apply)]),
      stdin: paths.includes('-'),
      walk: {
        include: options.include ?? [],
        exclude: options.exclude ?? [],
        one_file_system: options.oneFileSystem === true,
        except: output === null ? [] : [output.identity],
      },
      policy: config.policy.policy,
      policy_path: config.policy.path,
      baseline,
      used,
      engines: engineChoice(config),
      require: options.require ?? [],
      workers: config.workers.origin === 'default' ? defaultWorkers() : config.workers.value,
      settings: {
        limits: limitsOf(config),
        passwords: config.passwords.value.map((secret) => secret.reveal()),
        entropy_threshold: 6.5,
        ransomware_names: loadRansomwareNames(config.ransomwareNamesFile.value),
      },
      readable: options.filesFrom === undefined && roots.length <= MAX_ROOTS ? withRealPaths(roots) : ['/'],
      scratch_parent: config.tmpDir.value,
      apply,
      signal,
    };
    let code = 2;
    let missed = false;
    for await (const event of scan(request, progress)) {
      await tell(event, report);
      if (event.type === 'result') {
        progress.finished(event.result.path);
        missed ||= event.result.gaps.some((gap) => isMissed(gap, options.require ?? []));
        if (options.writeBaseline !== undefined) collector.add(event.assessment);
      }
      if (event.type === 'footer') {
        code = exitCode(event.footer.summary, options.failOn, missed);
        if (missed) tty.warn('an engine that --require names was away for a part of the scan');
        if (event.footer.summary.files === 0) tty.warn('nothing was scanned: no file was found');
      }
    }
    if (options.writeBaseline !== undefined) {
      writeBaseline(options.writeBaseline, collector.entries());
      tty.note(
        `wrote ${options.writeBaseline}`,
        'say why in each entry that is to be accepted, and remove the others',
      );
    }
    return code;
  } finally {
    progress.stop();
    release();
    if (options.filesFrom === '-') process.stdin.destroy(); // Whoever writes the list may go on; nobody reads it.
    await output?.close();
  }
}

/** Beyond this many given paths, workers are allowed to read everywhere: each path is an argument of theirs. */
const MAX_ROOTS = 64;

function checkUsage(paths: readonly string[], options: ScanOptions): void {
  if (options.writeBaseline !== undefined && existsSync(options.writeBaseline)) {
    throw new BackupLensError(
      'BL_OUTPUT',
      `${options.writeBaseline} exists already, and is not overwritten`,
      {
        hint: 'move it away first, or name another file',
      },
    );
  }
  for (const [engine, choice] of [
    ['clamav', options.clamd],
    ['yara', options.yara],
  ] as const) {
    if (choice !== 'off' || options.require?.includes(engine) !== true) continue;
    throw new BackupLensError('BL_USAGE', `${engine} is required and turned off at the same time`, {
      hint: `leave it out of --require, or do not turn it off`,
    });
  }
  if (paths.length === 0 && options.filesFrom === undefined) {
    throw new BackupLensError('BL_USAGE', 'nothing to scan', {
      hint: 'name files or folders, or - for standard input: backuplens scan /restore/nightly.tar.zst',
    });
  }
  if (paths.indexOf('-') !== paths.lastIndexOf('-')) {
    throw new BackupLensError('BL_USAGE', 'standard input can be scanned only once', { hint: 'give - once' });
  }
  if (paths.includes('-') && options.filesFrom === '-') {
    throw new BackupLensError('BL_USAGE', 'standard input cannot be both the backup and the list of paths', {
      hint: 'give --files-from a file',
    });
  }
}

async function* given(
  paths: readonly string[],
  filesFrom: string | undefined,
  used: readonly UsedFile[],
): AsyncGenerator<Buffer> {
  for (const path of paths) yield Buffer.from(path);
  if (filesFrom === undefined) return;
  for await (const path of pathList(filesFrom, process.stdin)) {
    // In a list, - is a file of that name.
    const named = path.toString() === '-' ? Buffer.from('./-') : path;
    refuseOver(named, used);
    yield named;
  }
}

/** One a core: more would only wait. The service has its own default. */
function defaultWorkers(): number {
  return Math.min(5, availableParallelism());
}

function limitsOf({ limits }: EffectiveConfig): ScanRequest['settings']['limits'] {
  return {
    ...DEFAULT_LIMITS,
    max_depth: limits.max_depth.value,
    max_entries: limits.max_entries.value,
    max_unpacked_bytes: limits.max_unpacked_bytes.value,
    max_member_bytes: limits.max_member_bytes.value,
    max_ratio: limits.max_ratio.value,
    max_scan_ms: limits.max_scan_ms.value,
  };
}

function engineChoice(config: EffectiveConfig): EngineChoice {
  const [first, ...others] = config.clamd.value.map((address): ClamdAddress => parseClamdAddress(address));
  const yara = config.yara.value;
  return {
    clamd: first === undefined ? null : [first, ...others],
    clamd_canary: config.clamdCanary.value,
    clamd_max_age_days: config.clamdMaxAgeDays.value,
    yara: yara.mode === 'service' ? { url: yara.url } : yara.mode === 'off' ? null : 'embedded',
    rules: config.rulesDirs.value,
    yara_engines: Math.min(2, availableParallelism()),
  };
}

function filesInUse(config: EffectiveConfig, options: ScanOptions): ToTrust[] {
  const embedded = config.yara.value.mode === 'embedded';
  return [
    { what: 'policy', path: config.scoringFile.value },
    { what: 'names', path: config.ransomwareNamesFile.value },
    ...(embedded ? config.rulesDirs.value.map((path): ToTrust => ({ what: 'rules', path })) : []),
    ...(options.baseline === undefined
      ? []
      : [{ what: 'baseline' as const, path: resolve(options.baseline) }]),
  ];
}

function isMissed({ by, reason }: FileResult['gaps'][number], required: readonly string[]): boolean {
  return required.includes(by) && ENGINE_AWAY.includes(reason);
}

/** What an earlier run left half done comes to its end first. */
async function settle(folders: NonNullable<ScanRequest['apply']>, tty: Tty): Promise<void> {
  for (const { id, action, detail } of await recoverDispositions(folders.quarantineDir, folders.reviewDir)) {
    tty.warn(`${id}: an earlier run was interrupted: ${action}: ${detail}`);
  }
}

/** The first Ctrl-C ends the scan in order; a second one ends the program. */
function interruption(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
  const release = (): void => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
  };
  return { signal: controller.signal, release };
}

async function tell(event: ScanEvent, report: ReportWriter): Promise<void> {
  switch (event.type) {
    case 'header':
      return report.begin(event.header);
    case 'result':
      return report.result(event.result);
    case 'skipped':
      return report.skipped(event.entry);
    case 'error':
      return report.error(event.entry);
    case 'footer':
      return report.end(event.footer);
  }
}
