import { isAbsolute, join, resolve } from 'node:path';
import { flag, type Flags } from './flags.ts';
import type { Given } from './given.ts';
import { firstOf, type Setting } from './setting.ts';
import type { Environment } from './start/index.ts';

/** The name of the file. */
export const VERDICTS = 'verdicts.sqlite';

export function yaraCacheDir(cwd: string, given: Given, env: Environment): Setting<string | null> {
  const { YARA_CACHE_DIR: wanted } = given;
  if (wanted !== null)
    return { ...wanted, value: wanted.value === 'off' ? null : resolve(cwd, wanted.value) };
  return { value: ownCache(env, 'yara'), origin: 'default' };
}

/** A folder of ours in the user's cache; null: there is none. */
function ownCache(env: Environment, name: string): string | null {
  // XDG Base Directory Specification: a relative path there does not count.
  const { XDG_CACHE_HOME: caches = '', HOME: home = '' } = env;
  const folder = isAbsolute(caches) ? caches : isAbsolute(home) ? join(home, '.cache') : null;
  return folder === null ? null : join(folder, 'backuplens', name);
}

export function verdictCache(
  cwd: string,
  flags: Flags,
  given: Given,
  env: Environment,
): Setting<string | null> {
  const folder = ownCache(env, 'verdicts');
  const wanted = firstOf<string | null>(
    folder === null ? null : join(folder, VERDICTS),
    flag('cache', flags.cache),
    given.VERDICT_CACHE,
  );
  if (wanted.origin === 'default' || wanted.value === null) return wanted;
  return { ...wanted, value: wanted.value === 'off' ? null : resolve(cwd, wanted.value) };
}

/** Where the key of the command line's caches is, whatever file they are in; null: nowhere, where there is no home. */
export function verdictKeyFolder(env: Environment): string | null {
  return ownCache(env, 'verdicts');
}
