import { join } from 'node:path';
import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import {
  assertTrusted,
  decidingFiles,
  limitValues,
  loadConfig,
  outwardSettings,
  readToken,
  type EffectiveConfig,
  type OutwardSettings,
  type ToTrust,
} from '../../config/index.ts';
import type { Environment } from '../../config/start/index.ts';
import { readTokens } from '../../config/tokens/index.ts';
import { BackupLensError, inWords, DEFAULT_LIMITS, type BudgetLimits } from '../../domain/index.ts';
import { refuseExposure, type AccessOptions } from '../../http/index.ts';
import { engineChoice, type EngineChoice } from '../../pipeline/index.ts';

/** Everything the service needs to know; nothing is read from anywhere else. */
export interface ServiceSettings {
  readonly config: EffectiveConfig;
  /** The watched folder, links resolved. */
  readonly incoming: Buffer;
  readonly engines: EngineChoice;
  readonly limits: BudgetLimits;
  readonly passwords: readonly string[];
  readonly access: AccessOptions;
  /** Who is told of events. */
  readonly outward: OutwardSettings;
}

export interface SettingsFrom {
  readonly cwd: string;
  readonly env: Environment;
}

/**
 * Reads and checks all of it. Throws BL_CONFIG, BL_POLICY, BL_RULES, and BL_UNTRUSTED_CONFIG where what decides lies in the
 * watched folder or could be changed by others.
 */
export async function readSettings(from: SettingsFrom): Promise<ServiceSettings> {
  const config = loadConfig(from);
  const incoming = await watchedFolder(config);
  const cache: ToTrust[] =
    config.verdictCache.origin === 'default' || config.verdictCache.value === null
      ? []
      : [{ what: 'cache', path: config.verdictCache.value }];
  assertTrusted([...decidingFiles(config), ...cache], [incoming.toString()]);
  const access = accessOf(config);
  const named = await readTokens(config.tokensFile.value);
  refuseExposure({ ...access, allowAnonymous: access.allowAnonymous || named.length > 0 });
  return {
    config,
    access,
    incoming,
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
      yara_cache:
        config.yaraCacheDir.origin === 'default'
          ? join(config.dataDir.value, 'yara-cache')
          : config.yaraCacheDir.value,
    }),
    limits: { ...DEFAULT_LIMITS, ...limitValues(config) },
    passwords: config.passwords.value.map((secret) => secret.reveal()),
    outward: outwardSettings(config),
  };
}

function accessOf({ host, apiToken, apiTokenFile, allowAnonymous }: EffectiveConfig): AccessOptions {
  const token = readToken('API_TOKEN', {
    token: apiToken.value?.reveal() ?? null,
    file: apiTokenFile.value,
  });
  return { host: host.value, token, allowAnonymous: allowAnonymous.value, open: ['/health'] };
}

/** What can be changed while it runs, as it is now. Throws BL_CONFIG, BL_POLICY and BL_UNTRUSTED_CONFIG. */
export function readSettingsAgain(from: SettingsFrom, incoming: Buffer): EffectiveConfig {
  const config = loadConfig(from);
  assertTrusted(decidingFiles(config), [incoming.toString()]);
  return config;
}

/** ./incoming is made where it is missing. A folder that somebody named is not: an empty one in place of a mount hides files. */
async function watchedFolder({ incomingDir }: EffectiveConfig): Promise<Buffer> {
  const { value, origin } = incomingDir;
  try {
    if (origin === 'default') await mkdir(value, { recursive: true });
    return Buffer.from(realpathSync(value));
  } catch (cause) {
    throw new BackupLensError('BL_CONFIG', `INCOMING_DIR ${value}: ${inWords(cause)}`, {
      hint: 'name a folder that exists, or make it',
      cause,
    });
  }
}
