import { existsSync } from 'node:fs';
import { BackupLensError } from '../../domain/index.ts';
import { LOG_LEVELS, type LogLevel } from '../../observe/index.ts';

/** What a yara-scanner of its own is told by its environment. The only place that reads it. */
export interface Environment {
  readonly host: string;
  readonly port: number;
  readonly rulesDirs: readonly string[];
  readonly scanRoots: readonly string[];
  readonly scratchParent: string;
  readonly logLevel: LogLevel;
}

/** `BACKUPLENS_NAME` wins over `NAME`. Throws BL_CONFIG. */
export function readEnvironment(): Environment {
  const scratchParent = setting('TMPDIR') ?? '/tmp';
  const incoming = setting('INCOMING_DIR');
  const port = setting('PORT') ?? '8081';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new BackupLensError('BL_CONFIG', `PORT is ${port}, but has to be a number up to 65535`);
  }
  const wanted = setting('LOG_LEVEL') ?? 'info';
  const logLevel = LOG_LEVELS.find((level) => level === wanted);
  if (logLevel === undefined) {
    throw new BackupLensError(
      'BL_CONFIG',
      `LOG_LEVEL is ${wanted}, but has to be one of ${LOG_LEVELS.join(', ')}`,
    );
  }
  return {
    host: setting('HOST') ?? '127.0.0.1',
    port: Number(port),
    rulesDirs: list('YARA_RULES_DIR') ?? [existsSync('./yara-rules') ? './yara-rules' : '/rules'],
    scanRoots: list('SCAN_ROOTS') ?? [
      ...(incoming === undefined ? [] : [incoming]),
      scratchParent,
      process.cwd(),
    ],
    scratchParent,
    logLevel,
  };
}

function setting(name: string): string | undefined {
  const value = process.env[`BACKUPLENS_${name}`] ?? process.env[name];
  return value === '' ? undefined : value;
}

/** Folders, separated by `:`. */
function list(name: string): readonly string[] | undefined {
  return setting(name)
    ?.split(':')
    .filter((folder) => folder !== '');
}
