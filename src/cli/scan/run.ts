import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import {
  assertTrusted,
  BaselineCollector,
  decidingFiles,
  hashSetFolders,
  limitValues,
  loadBaseline,
  loadConfig,
  loadRansomwareNames,
  readToken,
  writeBaseline,
  type EffectiveConfig,
  type UsedFile,
} from '../../config/index.ts';
import { processEnvironment, programVersion } from '../../config/start/index.ts';
import type { Recovered } from '../../dispose/index.ts';
import type { FileResult } from '../../contracts/index.ts';
import {
  BackupLensError,
  DEFAULT_LIMITS,
  ENGINE_AWAY,
  ENTROPY_THRESHOLD,
  type Baseline,
} from '../../domain/index.ts';
import { pathList } from '../../intake/index.ts';
import { engineChoice, scan, type ScanEvent, type ScanRequest } from '../../pipeline/index.ts';
import { createReport, type ReportWriter } from '../../report/index.ts';
import { exitCode } from '../exit-code.ts';
import { Progress } from '../progress.ts';
import type { Tty } from '../tty.ts';
import { cacheChoice } from './cache-choice.ts';
import { BadMembersFile } from './bad-members.ts';
import { openOutput } from './report-file.ts';
import type { ScanOptions } from '../scan-options.ts';
import {
  dispositionFolders,
  droppedFolders,
  foldersOf,
  givenFolders,
  outsideOf,
  refuseOver,
  withRealPaths,
} from './places.ts';
import { ScanProgress } from './scan-progress.ts';
import { operatingSystemUser } from '../os-user.ts';
import { StoreTurns } from './store-turns.ts';

export async function scanCommand(paths: readonly string[], options: ScanOptions, tty: Tty): Promise<number> {
  checkUsage(paths, options);
  const cwd = process.cwd();
  const isAutomatic = options.workers === 'auto';
  const flags = { ...options, workers: options.workers === 'auto' ? undefined : options.workers };
  const config = loadConfig({ cwd, env: processEnvironment(), flags });
  const baseline = options.baseline === undefined ? [] : loadBaseline(options.baseline);
  const roots = paths.filter((path) => path !== '-').map((path) => resolve(cwd, path));
  const used = assertTrusted(decidingFiles(config, options.baseline), roots);
  const cache = cacheChoice(config, processEnvironment(), roots, options);
  if (cache.why !== null) tty.warn(`nothing is kept for the next scan: ${cache.why}`);
  const folders = options.apply === true ? dispositionFolders(config, roots) : null;

  const listed = await openBadMembers(paths, options, config, baseline, tty);
  const { signal, release } = interruption();
  const output = options.output === undefined ? null : await openOutput(options.output);
  const report = createReport(options.format, output?.stream ?? tty.output(), {
    ...(output === null ? { columns: tty.columns, color: tty.color } : {}),
    quiet: options.quiet,
    verbose: options.verbose,
    quarantineAbove: config.policy.policy.thresholds.manual_review,
  });
  const turns =
    folders === null
      ? null
      : new StoreTurns({
          folders,
          what: 'backuplens scan --apply',
          onRecovered: warnOf(tty),
          signal,
          onWait: (who) => tty.note(`waits, a minute at most: ${who}`),
        });
  try {
    // What an earlier run left half done comes to its end first, before a minute of scanning is spent.
    await turns?.inTurn(async () => undefined);
  } catch (error) {
    release();
    await output?.close();
    if (!signal.aborted) throw error;
    tty.warn('interrupted before anything was scanned');
    return INTERRUPTED;
  }
  const progress = new ScanProgress(new Progress(tty));
  const collector = new BaselineCollector({ who: userInfo().username, why: '', until: null });
  try {
    const request: ScanRequest = {
      version: programVersion(),
      paths: given(paths, options.filesFrom, [...used, ...cache.used, ...foldersOf(folders)]),
      stdin: paths.includes('-'),
      walk: {
        include: options.include ?? [],
        exclude: options.exclude ?? [],
        one_file_system: options.oneFileSystem === true,
        except: [output, listed].flatMap((file) => (file === null ? [] : [file.identity])),
        ...(folders === null ? {} : { units: { isDropped: droppedFolders(config) } }),
      },
      policy: config.policy.policy,
      policy_path: config.policy.path,
      baseline,
      used: [...used, ...cache.used],
      engines: engineChoice({
        clamd: config.clamd.value,
        clamd_canary: config.clamdCanary.value,
        clamd_conf: config.clamdConf.value,
        clamd_max_age_days: config.clamdMaxAgeDays.value,
        yara: config.yara.value,
        yara_token: readToken('YARA_TOKEN', {
          token: config.yaraToken.value?.reveal() ?? null,
          file: config.yaraTokenFile.value,
        }),
        rules: config.rulesDirs.value,
        yara_cache: outsideOf(roots, config.yaraCacheDir.value),
      }),
      hash_sets: hashSetFolders(config),
      require: options.require ?? [],
      stats: options.stats === true,
      one_by_one: report.plain?.one_by_one ?? Infinity,
      workers: isAutomatic || config.workers.origin === 'default' ? 'auto' : config.workers.value,
      settings: {
        limits: { ...DEFAULT_LIMITS, ...limitValues(config) },
        passwords: config.passwords.value.map((secret) => secret.reveal()),
        entropy_threshold: ENTROPY_THRESHOLD,
        ransomware_names: loadRansomwareNames(config.ransomwareNamesFile.value),
      },
      readable: options.filesFrom === undefined && roots.length <= MAX_ROOTS ? withRealPaths(roots) : ['/'],
      scratch_parent: config.tmpDir.value,
      cache: cache.choice,
      apply:
        folders === null || turns === null
          ? null
          : {
              places: { ...folders, given: givenFolders(roots) },
              who: operatingSystemUser(),
              inTurn: turns.inTurn,
            },
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
        await listed?.add(event.result, event.assessment);
      }
      if (event.type === 'unchanged') progress.passed(event.files);
      if (event.type === 'error') listed?.obstacle(`${event.entry.path}: ${event.entry.message}`);
      if (event.type === 'footer') {
        const { summary } = event.footer;
        if (missed) listed?.obstacle('a required engine was away');
        if (summary.interrupted) listed?.obstacle('interrupted before everything was seen');
        if (summary.files === 0) listed?.obstacle('nothing was scanned');
        const isListed = (await listed?.finish()) ?? true;
        code = exitCode(summary, options.failOn, missed || !isListed);
        if (missed) tty.warn('an engine that --require names was away for a part of the scan');
        if (summary.files === 0) tty.warn('nothing was scanned: no file was found');
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
    await listed?.close();
    await turns?.close();
  }
}

async function openBadMembers(
  paths: readonly string[],
  { badMembers: file, badMembersFormat: form }: ScanOptions,
  { policy: { policy } }: EffectiveConfig,
  baseline: Baseline,
  tty: Tty,
): Promise<BadMembersFile | null> {
  const [target] = paths;
  if (file === undefined || target === undefined) return null;
  const judge = { policy, baseline, as_of: new Date().toISOString() };
  return BadMembersFile.open({ file, form: form ?? null, given: target, judge, tty });
}

/** 128 and SIGINT, as shells have it. */
const INTERRUPTED = 130;
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
  if (options.badMembers !== undefined && (paths.length !== 1 || options.filesFrom !== undefined)) {
    throw new BackupLensError('BL_USAGE', '--bad-members is of one archive or one folder', {
      hint: 'give one PATH: names of members mean something only within it',
    });
  }
  if (options.badMembers !== undefined && options.apply === true) {
    throw new BackupLensError('BL_USAGE', '--bad-members is of what stays where it is: not with --apply', {
      hint: 'scan without --apply, and restore what is not on the list',
    });
  }
  if (options.badMembersFormat !== undefined && options.badMembers === undefined) {
    throw new BackupLensError('BL_USAGE', '--bad-members-format without --bad-members', {
      hint: 'name the file that is to be written: --bad-members FILE',
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

function isMissed({ by, reason }: FileResult['gaps'][number], required: readonly string[]): boolean {
  return required.includes(by) && ENGINE_AWAY.includes(reason);
}

function warnOf(tty: Tty): (recovered: Recovered) => void {
  return ({ id, action, detail }) => tty.warn(`${id}: an earlier run was interrupted: ${action}: ${detail}`);
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
    case 'unchanged':
      return report.plain?.count(event.files, event.bytes);
    case 'skipped':
      return report.skipped(event.entry);
    case 'error':
      return report.error(event.entry);
    case 'footer':
      return report.end(event.footer);
  }
}
