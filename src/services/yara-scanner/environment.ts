import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readAtMost } from '../../bytes/index.ts';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { LOG_LEVELS, type LogLevel } from '../../observe/index.ts';

/** What a yara-scanner of its own is told by its environment. The only place that reads it. */
export interface Environment {
  readonly host: string;
  readonly port: number;
  readonly rulesDirs: readonly string[];
  readonly scanRoots: readonly string[];
  readonly scratchParent: string;
  /** Where compiled rules are kept; null: nowhere. */
  readonly cacheFolder: string | null;
  readonly maxUploadBytes: number;
  readonly token: string | null;
  readonly allowAnonymous: boolean;
  readonly logLevel: LogLevel;
}

const GIB = 1024 ** 3;
const MAX_TOKEN_BYTES = 4096;

/** `BACKUPLENS_NAME` wins over `NAME`. Throws BL_CONFIG. */
export async function readEnvironment(): Promise<Environment> {
  const scratchParent = setting('TMPDIR') ?? '/tmp';
  const incoming = setting('INCOMING_DIR') ?? (existsSync('./incoming') ? './incoming' : '/incoming');
  const container = flag('CONTAINER');
  const level = setting('LOG_LEVEL') ?? 'info';
  const logLevel = LOG_LEVELS.find((one) => one === level);
  if (logLevel === undefined) throw wrong('LOG_LEVEL', level, `one of ${LOG_LEVELS.join(', ')}`);
  return {
    host: setting('HOST') ?? (container ? '0.0.0.0' : '127.0.0.1'),
    port: integer('PORT', 8081, 65_535),
    rulesDirs: list('YARA_RULES_DIR') ?? [existsSync('./yara-rules') ? './yara-rules' : '/rules'],
    scanRoots: list('SCAN_ROOTS') ?? [incoming, scratchParent, process.cwd()],
    scratchParent,
    cacheFolder: cacheFolder(),
    maxUploadBytes: integer('MAX_UPLOAD_BYTES', 5 * GIB, 1024 * GIB),
    token: await token(),
    allowAnonymous: flag('ALLOW_ANONYMOUS'),
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

function integer(name: string, fallback: number, max: number): number {
  const text = setting(name);
  if (text === undefined) return fallback;
  if (!/^\d{1,15}$/.test(text) || Number(text) > max) throw wrong(name, text, `a number up to ${max}`);
  return Number(text);
}

function flag(name: string): boolean {
  const text = setting(name) ?? 'false';
  if (!['true', 'false', '1', '0'].includes(text)) throw wrong(name, text, 'true or false');
  return text === 'true' || text === '1';
}

function cacheFolder(): string | null {
  const given = setting('YARA_CACHE_DIR');
  if (given !== undefined) return given === 'off' ? null : given;
  const data = setting('DATA_DIR');
  if (data !== undefined) return join(data, 'yara-cache');
  const home = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(home, 'backuplens', 'yara');
}

async function token(): Promise<string | null> {
  const file = setting('API_TOKEN_FILE');
  if (file === undefined) return setting('API_TOKEN') ?? null;
  try {
    const text = (await readAtMost(file, MAX_TOKEN_BYTES)).toString().trim();
    if (text === '') throw new Error('it is empty');
    return text;
  } catch (error) {
    throw new BackupLensError('BL_CONFIG', `API_TOKEN_FILE cannot be read: ${inWords(error)}`, {
      cause: error,
    });
  }
}

function wrong(name: string, value: string, expected: string): BackupLensError {
  const shown = JSON.stringify(value.slice(0, 100)).slice(1, -1);
  return new BackupLensError('BL_CONFIG', `${name} is ${shown}, but has to be ${expected}`);
}
