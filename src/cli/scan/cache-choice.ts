import { basename, dirname } from 'node:path';
import {
  assertTrusted,
  decidingFiles,
  verdictKeyFolder,
  type EffectiveConfig,
  type UsedFile,
} from '../../config/index.ts';
import type { Environment } from '../../config/start/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import type { CacheChoice } from '../../pipeline/index.ts';

export interface CacheOf {
  readonly choice: CacheChoice | null;
  /** Named by the user, so that no path of a list may hold it. */
  readonly used: readonly UsedFile[];
  /** Why there is none, where the user did not say so; null: there is one, or none is wanted. */
  readonly why: string | null;
}

const NONE = { choice: null, used: [], why: null };

/**
 * Where `scan` keeps what it found out. Throws BL_UNTRUSTED_CONFIG for a file that was named and lies in what is scanned, or that
 * others can change (ATTACKS A8); the usual one is not used then.
 */
export function cacheChoice(
  config: EffectiveConfig,
  env: Environment,
  roots: readonly string[],
  options: { readonly rescan?: boolean; readonly strict?: boolean; readonly apply?: boolean },
): CacheOf {
  const { value: path, origin } = config.verdictCache;
  if (path === null) return NONE;
  let used: readonly UsedFile[];
  try {
    used = assertTrusted([{ what: 'cache', path }], roots);
  } catch (error) {
    if (origin !== 'default' || !(error instanceof BackupLensError)) throw error;
    return { ...NONE, why: error.message };
  }
  return {
    used: origin === 'default' ? [] : used,
    why: null,
    choice: {
      cache: {
        folder: dirname(path),
        name: basename(path),
        key_folder: verdictKeyFolder(env) ?? dirname(path),
        own_folder: dirname(path) === verdictKeyFolder(env),
        domain: 'command line',
        max_bytes: config.verdictCacheMax.value,
      },
      fresh: options.rescan === true,
      // What is moved was read, and a strict scan believes nobody (ATTACKS A11).
      metadata: options.strict !== true && options.apply !== true,
      sample: config.verifySample.value / 100,
      clamd_conf: config.clamdConf.value,
      brought_by: { bundles: config.bundleDir.value, updater: config.clamavUpdaterUrl.value },
      rules: config.yara.value.mode === 'embedded' ? () => rulesPrint(config, roots) : null,
    },
  };
}

/** Of the names and contents of everything below the folders of rules. */
function rulesPrint(config: EffectiveConfig, roots: readonly string[]): string {
  const rules = decidingFiles(config).filter(({ what }) => what === 'rules');
  return JSON.stringify(assertTrusted(rules, roots));
}
