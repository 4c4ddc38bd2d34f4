import { join, resolve } from 'node:path';
import { readEnvironment, type Given } from '../given.ts';
import { localFirst } from '../places.ts';
import { plainSettings } from '../plain-settings.ts';
import { firstOf, type Setting } from '../setting.ts';
import type { Environment } from '../start/index.ts';

/** Where everything lies that a disposition touches. */
export interface Folders {
  readonly dataDir: string;
  readonly incomingDir: string;
  readonly quarantineDir: string;
  readonly reviewDir: string | null;
  readonly approvedDir: string | null;
  readonly restoreRoots: readonly string[] | null;
}

/** The folders, for commands that need nothing else. Throws BL_CONFIG. */
export function loadFolders({ cwd, env }: { cwd: string; env: Environment }): Folders {
  const given = readEnvironment(env);
  const folder = (setting: Setting<string> | null, name: string): string =>
    setting === null ? localFirst(cwd, `./${name}`, `/${name}`) : resolve(cwd, setting.value);
  const { reviewDir, approvedDir, restoreRoots } = plainSettings(cwd, given);
  return {
    dataDir: folder(given.DATA_DIR, 'data'),
    incomingDir: folder(given.INCOMING_DIR, 'incoming'),
    quarantineDir: folder(given.QUARANTINE_DIR, 'quarantine'),
    reviewDir: reviewDir.value,
    approvedDir: approvedDir.value,
    restoreRoots: restoreRoots.value,
  };
}

/** Where the named tokens are. Throws BL_CONFIG. */
export function loadTokensPath({ cwd, env }: { cwd: string; env: Environment }): string {
  return tokensPath(cwd, readEnvironment(env)).value;
}

export function dataFolder(cwd: string, { DATA_DIR: given }: Given): Setting<string> {
  const named = given === null ? null : { ...given, value: resolve(cwd, given.value) };
  return firstOf(localFirst(cwd, './data', '/data'), named);
}

export function tokensPath(cwd: string, given: Given): Setting<string> {
  const { TOKENS_FILE: named } = given;
  return named === null
    ? { value: join(dataFolder(cwd, given).value, 'tokens.json'), origin: 'default' }
    : { ...named, value: resolve(cwd, named.value) };
}
