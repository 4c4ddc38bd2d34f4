import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { measure, SETTLED_MS, type Cost } from '../measure.ts';
import type { Corpus } from './corpora.ts';
import type { RunningEngines } from './engines.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/backuplens');

/** One program on one corpus, once. */
export interface Measured extends Cost {
  readonly program: string;
}

/** What it is measured against, together: one after the other, which is how people do it. */
export const COMBINED: readonly string[] = [
  'extraction',
  'clamdscan --multiscan --fdpass',
  'yara',
  'sha256sum',
];

/**
 * With a cache of its own: the user's knows these files from the last run, and their first scan would be none. The second reads
 * no sample: what is measured is the work that is not done again.
 */
export function scanCommand(
  { clamd, rulesFolder }: RunningEngines,
  { files, cache }: { readonly files: string; readonly cache: string },
): readonly string[] {
  const engines = ['--clamd', `unix:${clamd.unix.path}`, '--rules', rulesFolder];
  return [PROGRAM, 'scan', ...engines, '--cache', cache, '--verify-sample', '0', '--format', 'ndjson', files];
}

export async function compareOnce(
  corpus: Corpus,
  files: string,
  engines: RunningEngines,
): Promise<readonly Measured[]> {
  const { clamd, rulesFiles } = engines;
  const done: Measured[] = [];
  const run = async (program: string, command: readonly string[], memory = false): Promise<void> => {
    done.push({ program, ...(await measure(command, clamd.pid(), memory)) });
  };
  const clamdscan = (...how: readonly string[]): readonly string[] => [
    'clamdscan',
    `--config-file=${clamd.configFile}`,
    ...how,
    '--no-summary',
  ];
  // The links to what is extracted, made and removed, change the files' ctime.
  await sleep(SETTLED_MS);
  const folder = mkdtempSync(`${files}-cache-`);
  const scan = scanCommand(engines, { files, cache: join(folder, 'verdicts.sqlite') });
  await run('backuplens scan, first', scan, true);
  // Nothing changed in between.
  await run('backuplens scan, second', scan, true);
  rmSync(folder, { recursive: true });
  let target = files;
  if (corpus.extract !== undefined) {
    target = `${files}-extracted`;
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target);
    await run('extraction', ['sh', '-c', `set -e; ${corpus.extract}`, 'sh', files, target]);
  }
  await run('clamdscan --multiscan --fdpass', [...clamdscan('--multiscan', '--fdpass'), target]);
  await run('clamdscan --stream', [...clamdscan('--stream'), target]);
  await run('yara', ['yara', '-w', '-r', '-N', ...rulesFiles, target]);
  await run('sha256sum', ['sh', '-c', 'find "$1" -type f -print0 | xargs -0 sha256sum', 'sh', target]);
  await run('find', ['find', files, '-type', 'f', '-printf', '%s %T@\n']);
  if (target !== files) rmSync(target, { recursive: true });
  return done;
}

/** Load average over the last minute: above the number of cores, only ratios of CPU mean something. */
export function loadNow(): number {
  return Number(spawnSync('cat', ['/proc/loadavg']).stdout.toString().split(' ')[0]);
}
