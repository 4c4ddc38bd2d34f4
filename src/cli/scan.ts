import { createWriteStream, existsSync, realpathSync, type BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { availableParallelism, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { Option, type Command } from 'commander';
import { parseClamdAddress, type ClamdAddress } from '../analyze/clamav/index.ts';
import {
  assertTrusted,
  BaselineCollector,
  loadBaseline,
  loadConfig,
  processEnvironment,
  writeBaseline,
  type ToTrust,
  type UsedFile,
  type EffectiveConfig,
} from '../config/index.ts';
import { recoverDispositions } from '../dispose/index.ts';
import type { FileResult } from '../contracts/index.ts';
import { BackupLensError, ENGINE_AWAY, inWords } from '../domain/index.ts';
import { pathList } from '../intake/index.ts';
import { scan, type EngineChoice, type ScanEvent, type ScanRequest } from '../pipeline/index.ts';
import { createReport, REPORT_FORMATS, type ReportFormat, type ReportWriter } from '../report/index.ts';
import { DEFAULT_LIMITS } from '../unpack/index.ts';
import { exitCode, FAIL_ON, type FailOn } from './exit-code.ts';
import { bytes, collect, listOf, positive } from './option-values.ts';
import { Progress } from './progress.ts';
import type { Tty } from './tty.ts';
import type { Run } from './run.ts';
import { ScanProgress } from './scan-progress.ts';
import { programVersion } from './version.ts';

interface ScanOptions {
  format: ReportFormat;
  output?: string;
  scoring?: string;
  rules?: readonly string[];
  strict?: boolean;
  clamd?: string;
  yara?: string;
  workers?: number;
  maxDepth?: number;
  maxEntries?: number;
  maxUnpackedBytes?: number;
  maxRatio?: number;
  maxScanMs?: number;
  password?: readonly string[];
  passwordFile?: readonly string[];
  apply?: boolean;
  include?: readonly string[];
  exclude?: readonly string[];
  filesFrom?: string;
  oneFileSystem?: boolean;
  require?: readonly string[];
  baseline?: string;
  writeBaseline?: string;
  failOn: FailOn;
  quiet?: boolean;
  verbose?: boolean;
  color: boolean;
}

const EXAMPLES = `
Examples:
  backuplens scan /restore/nightly.tar.zst
  backuplens scan --format json --output report.json /srv/backups
  restic dump latest / | backuplens scan -
  backuplens scan --require clamav,yara --strict /restore && ./restore.sh
  backuplens scan --apply --exclude '*.iso' incoming/

Patterns of --include and --exclude (*, **, ?, [a-z], {a,b}): one without a slash is matched against names at any
depth (*.iso, node_modules); one with a slash against the path below the one that was given (home/*/cache).

Exit codes:
  0  everything is approved
  1  something is to be quarantined
  2  the job could not be done: usage, configuration, a path that does not exist, a required engine away
  3  something needs a person's review, nothing is to be quarantined
  130  interrupted; what was finished is reported
`;

/** Adds `scan`. `run` gets the work and takes care of what it throws and of the exit code. */
export function addScanCommand(program: Command, run: Run): void {
  program
    .command('scan')
    .summary('examine files, folders or standard input, and decide')
    .description(
      'Identifies every file, opens every container, runs ClamAV, YARA and entropy analysis, and decides: auto_approve, manual_review or quarantine. Says what was not inspected. Moves nothing without --apply.',
    )
    .argument('[path...]', 'files and folders; - reads one file, or a tar stream, from standard input')
    .addOption(new Option('--format <format>', 'of the report').choices(REPORT_FORMATS).default('text'))
    .option('--output <file>', 'write the report there instead of to standard output')
    .option('--scoring <file>', 'scoring policy (default: ./config/scoring.yaml, else the delivered one)')
    .option(
      '--rules <dir>',
      'folder of YARA rules; repeatable (default: ./yara-rules, else the delivered ones)',
      collect,
    )
    .option('--strict', 'review every gap that the policy would tolerate')
    .option(
      '--clamd <address>',
      'HOST:PORT, unix:PATH or off (default: localhost:3310, then the usual socket)',
    )
    .option('--yara <service>', 'URL of a yara-scanner, embedded or off (default: embedded)')
    .option('--workers <n>', 'scan processes (default: one a core, at most 5)', positive)
    .option(
      '--max-depth <n>',
      `containers within containers (default: ${DEFAULT_LIMITS.max_depth})`,
      positive,
    )
    .option(
      '--max-entries <n>',
      'members of one file, all containers together (default: 10 million)',
      positive,
    )
    .option(
      '--max-unpacked-bytes <size>',
      'unpacked from one file (default: 100 GiB, or 200 times its size)',
      bytes,
    )
    .option(
      '--max-ratio <n>',
      `bytes out per byte in, beyond 1 GiB (default: ${DEFAULT_LIMITS.max_ratio})`,
      positive,
    )
    .option('--max-scan-ms <ms>', 'time for one file (default: none)', positive)
    .option(
      '--password <text>',
      'try it on what is encrypted; repeatable. Others can see it: prefer a file',
      collect,
    )
    .option('--password-file <file>', 'try every line of it; repeatable', collect)
    .option('--apply', 'carry out the decisions: move to QUARANTINE_DIR and REVIEW_DIR, after hashing again')
    .option('--include <pattern>', 'scan only files that match; repeatable', collect)
    .option('--exclude <pattern>', 'leave out files and folders that match; repeatable', collect)
    .option('--files-from <file>', 'read more paths from there, by lines or NUL bytes; - is standard input')
    .option('--one-file-system', 'do not enter other file systems')
    .option(
      '--require <engines>',
      'clamav, yara or both: fail when one of them is away',
      listOf(['clamav', 'yara']),
    )
    .option('--baseline <file>', 'findings and gaps that were judged before; they are listed as accepted')
    .option('--write-baseline <file>', 'write what is found now as a baseline, for a person to complete')
    .addOption(
      new Option('--fail-on <what>', 'which decisions make the exit code non-zero')
        .choices(FAIL_ON)
        .default('review'),
    )
    .option('--quiet', 'name only what is not approved; no progress bar')
    .option('--verbose', 'name every file and every measurement')
    .option('--no-color', 'no colours (as with NO_COLOR)')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: ScanOptions) =>
      run(options, (tty) => scanCommand(paths, options, tty)),
    );
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

/** What decides must not lie in what is scanned: assertTrusted sees to the arguments, this to a list of paths. */
function refuseOver(path: Buffer, used: readonly UsedFile[]): void {
  const [real] = withRealPaths([path.toString()]).slice(-1);
  const inside = used.find(
    (file) => file.path === real || file.path.startsWith(real?.endsWith('/') === true ? real : `${real}/`),
  );
  if (inside === undefined) return;
  throw new BackupLensError('BL_UNTRUSTED_CONFIG', `${inside.path} lies in ${real}, which is to be scanned`, {
    hint: 'name a policy, rules and folders elsewhere (--scoring, --rules, QUARANTINE_DIR)',
  });
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
    max_ratio: limits.max_ratio.value,
    max_scan_ms: limits.max_scan_ms.value,
  };
}

function engineChoice(config: EffectiveConfig): EngineChoice {
  const [first, ...others] = config.clamd.value.map((address): ClamdAddress => parseClamdAddress(address));
  const yara = config.yara.value;
  return {
    clamd: first === undefined ? null : [first, ...others],
    yara: yara.mode === 'service' ? { url: yara.url } : yara.mode === 'off' ? null : 'embedded',
    rules: config.rulesDirs.value,
    yara_engines: Math.min(2, availableParallelism()),
  };
}

function filesInUse(config: EffectiveConfig, options: ScanOptions): ToTrust[] {
  const embedded = config.yara.value.mode === 'embedded';
  return [
    { what: 'policy', path: config.scoringFile.value },
    ...(embedded ? config.rulesDirs.value.map((path): ToTrust => ({ what: 'rules', path })) : []),
    ...(options.baseline === undefined
      ? []
      : [{ what: 'baseline' as const, path: resolve(options.baseline) }]),
  ];
}

/** Moving files into a folder that is itself being scanned would never end well. */
function dispositionFolders(config: EffectiveConfig, roots: readonly string[]): ScanRequest['apply'] {
  const folders = { quarantineDir: config.quarantineDir.value, reviewDir: config.reviewDir.value };
  for (const [name, folder] of Object.entries(folders)) {
    const real = folder === null ? null : realPathOf(folder);
    const inside = withRealPaths(roots).find(
      (root) => real !== null && `${real}/`.startsWith(root.endsWith('/') ? root : `${root}/`),
    );
    if (inside === undefined) continue;
    const variable = name === 'quarantineDir' ? 'QUARANTINE_DIR' : 'REVIEW_DIR';
    throw new BackupLensError(
      'BL_USAGE',
      `${variable} ${folder} lies inside ${inside}, which is to be scanned`,
      {
        hint: `set ${variable} to a folder outside of it`,
      },
    );
  }
  return folders;
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

function foldersOf(apply: ScanRequest['apply']): UsedFile[] {
  const folders = apply === null ? [] : [apply.quarantineDir, apply.reviewDir];
  return folders.flatMap((folder) => (folder === null ? [] : [{ path: realPathOf(folder), sha256: null }]));
}

/** Links followed as far as it exists. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

function withRealPaths(roots: readonly string[]): string[] {
  const real = roots.flatMap((root) => {
    try {
      return [realpathSync(root)];
    } catch {
      return []; // It does not exist: the walk says so.
    }
  });
  return [...new Set([...roots, ...real])];
}

async function openOutput(
  path: string,
): Promise<{ stream: Writable; identity: Pick<BigIntStats, 'dev' | 'ino'>; close(): Promise<void> }> {
  try {
    const handle = await open(path, 'w', 0o600);
    const { dev, ino } = await handle.stat({ bigint: true });
    const stream = createWriteStream(path, { fd: handle });
    const ended = new Promise<void>((done) => stream.once('close', () => done()));
    const close = async (): Promise<void> => {
      stream.end();
      await ended;
    };
    return { stream, identity: { dev, ino }, close };
  } catch (cause) {
    throw new BackupLensError('BL_OUTPUT', `cannot write ${path}: ${inWords(cause)}`, { cause });
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
