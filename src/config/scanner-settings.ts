import { join, resolve } from 'node:path';
import { yaraCacheDir } from './caches.ts';
import { readEnvironment } from './given.ts';
import { bundledIn, localFirst } from './places.ts';
import { plainSettings } from './plain-settings.ts';
import { rulesDirs } from './rules-dirs.ts';
import type { Setting } from './setting.ts';
import type { Environment } from './start/index.ts';
import { readToken } from './token.ts';
import type { LogLevel } from './value-kinds.ts';

/** What a yara-scanner of its own is told by its environment. Paths are absolute. */
export interface ScannerSettings {
  readonly host: string;
  readonly port: number;
  readonly rulesDirs: readonly string[];
  /** What `/scan-file` may open. */
  readonly scanRoots: readonly string[];
  readonly tmpDir: string;
  /** Where compiled rules are kept; null: nowhere. */
  readonly cacheDir: string | null;
  readonly maxUploadBytes: number;
  readonly token: string | null;
  readonly allowAnonymous: boolean;
  readonly logLevel: LogLevel;
}

/** The settings of the yara-scanner, which has no policy and no flags of ours. Throws BL_CONFIG. */
export function loadScannerSettings({ cwd, env }: { cwd: string; env: Environment }): ScannerSettings {
  const given = readEnvironment(env);
  const plain = plainSettings(cwd, given);
  const at = (setting: Setting<string> | null, fallback: string): string =>
    resolve(cwd, setting?.value ?? fallback);
  const tmpDir = at(given.TMPDIR, '/tmp');
  const incoming = at(given.INCOMING_DIR, localFirst(cwd, './incoming', '/incoming'));
  const cache = yaraCacheDir(cwd, given, env);
  const bundled = bundledIn(at(given.BUNDLE_DIR, localFirst(cwd, './bundles', '/bundles')));
  return {
    host: given.HOST?.value ?? (given.BACKUPLENS_CONTAINER?.value === true ? '0.0.0.0' : '127.0.0.1'),
    port: plain.port.value ?? 8081,
    rulesDirs: rulesDirs(cwd, {}, given, bundled.rules).value,
    scanRoots: plain.scanRoots.value ?? [incoming, tmpDir, cwd],
    tmpDir,
    cacheDir:
      cache.origin === 'default' && given.DATA_DIR !== null
        ? join(at(given.DATA_DIR, ''), 'yara-cache')
        : cache.value,
    maxUploadBytes: plain.maxUploadBytes.value,
    token: readToken('API_TOKEN', {
      token: plain.apiToken.value?.reveal() ?? null,
      file: plain.apiTokenFile.value,
    }),
    allowAnonymous: plain.allowAnonymous.value,
    logLevel: plain.logLevel.value,
  };
}
