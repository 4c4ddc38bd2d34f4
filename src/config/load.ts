import { resolve } from 'node:path';
import { verdictCache, yaraCacheDir } from './caches.ts';
import type { YaraChoice } from './engine-address.ts';
import { clamd, yara } from './engines.ts';
import { count, flag, share, type Flags } from './flags.ts';
import { dataFolder, tokensPath } from './folders/load-folders.ts';
import { readEnvironment } from './given.ts';
import { hashSets, type HashSets } from './hash-sets.ts';
import { limits, type Limits } from './limits.ts';
import { passwords } from './passwords.ts';
import {
  DELIVERED_POLICY,
  DELIVERED_RANSOMWARE_NAMES,
  bundledIn,
  existingFirst,
  localFirst,
  shownFrom,
} from './places.ts';
import { plainSettings, type PlainSettings } from './plain-settings.ts';
import { loadPolicy, type LoadedPolicy } from './policy.ts';
import { rulesDirs } from './rules-dirs.ts';
import type { Secret } from './secret.ts';
import { firstOf, type Setting } from './setting.ts';
import type { Environment } from './start/index.ts';

/** Every setting that is in force, each with where it came from. Paths are absolute. */
export interface EffectiveConfig extends PlainSettings, HashSets {
  readonly scoringFile: Setting<string>;
  readonly policy: LoadedPolicy;
  readonly strict: Setting<boolean>;
  readonly rulesDirs: Setting<readonly string[]>;
  /** The list of names that ransomware gives; `loadRansomwareNames` reads it. */
  readonly ransomwareNamesFile: Setting<string>;
  readonly bundleDir: Setting<string>;
  readonly keysDir: Setting<string>;
  /** Where clamd reads; null: nobody said. */
  readonly clamavDbDir: Setting<string | null>;
  /** Addresses to try in this order (`localhost:3310`, `unix:/run/clamd.ctl`); none: off by choice. */
  readonly clamd: Setting<readonly string[]>;
  readonly yara: Setting<YaraChoice>;
  /** Where compiled rules are kept; null: nowhere. */
  readonly yaraCacheDir: Setting<string | null>;
  /** File that keeps what was found out; null: none does. By default that of the command line. */
  readonly verdictCache: Setting<string | null>;
  /** In percent. */
  readonly verifySample: Setting<number>;
  readonly workers: Setting<number>;
  readonly limits: Limits;
  /** To try on what is encrypted, in this order. */
  readonly passwords: Setting<readonly Secret[]>;
  readonly incomingDir: Setting<string>;
  readonly quarantineDir: Setting<string>;
  readonly dataDir: Setting<string>;
  /** Where the scratch folder is made. */
  readonly tmpDir: Setting<string>;
  readonly host: Setting<string>;
  readonly tokensFile: Setting<string>;
  readonly container: Setting<boolean>;
}

/**
 * Defaults, then the policy file, then the environment, then flags: later ones win. Throws BL_CONFIG (environment),
 * BL_USAGE (flags) and BL_POLICY; whether the files can be trusted is for `assertTrusted`.
 */
export function loadConfig(from: { cwd: string; env: Environment; flags?: Flags }): EffectiveConfig {
  const { cwd, env, flags = {} } = from;
  const given = readEnvironment(env);
  const container = firstOf(false, given.BACKUPLENS_CONTAINER);
  const path = (setting: Setting<string> | null): Setting<string> | null =>
    setting === null ? null : { ...setting, value: resolve(cwd, setting.value) };
  const folder = (setting: Setting<string> | null, name: string): Setting<string> =>
    firstOf(localFirst(cwd, `./${name}`, `/${name}`), path(setting));

  const bundleDir = folder(given.BUNDLE_DIR, 'bundles');
  const bundled = bundledIn(bundleDir.value);

  const strict = firstOf(false, flag('strict', flags.strict));
  const scoringFile = firstOf(
    localFirst(cwd, './config/scoring.yaml', '/config/scoring.yaml', DELIVERED_POLICY),
    path(flag('scoring', flags.scoring)),
    path(given.SCORING_CONFIG),
    bundled.policy,
  );
  return {
    ...plainSettings(cwd, given),
    scoringFile,
    policy: loadPolicy(scoringFile.value, {
      strict: strict.value,
      shown: shownFrom(cwd, scoringFile.value),
    }),
    strict,
    rulesDirs: rulesDirs(cwd, flags, given, bundled.rules),
    ransomwareNamesFile: firstOf(
      localFirst(
        cwd,
        './config/ransomware-names.txt',
        '/config/ransomware-names.txt',
        DELIVERED_RANSOMWARE_NAMES,
      ),
      bundled.names,
    ),
    knownBadDir: hashSets(cwd, 'bad', path(given.KNOWN_BAD_DIR)),
    knownGoodDir: hashSets(cwd, 'good', path(given.KNOWN_GOOD_DIR)),
    bundledHashSets: bundled.hashSets,
    bundleDir,
    keysDir: folder(given.KEYS_DIR, 'keys'),
    clamavDbDir: firstOf<string | null>(
      existingFirst(cwd, './clamav-db', '/clamav-db'),
      path(given.CLAMAV_DB_DIR),
    ),
    clamd: clamd(cwd, flags, given, container.value),
    yara: yara(flags, given, container.value),
    yaraCacheDir: yaraCacheDir(cwd, given, env),
    verdictCache: verdictCache(cwd, flags, given, env),
    verifySample: firstOf(1, share(flags.verifySample), given.VERIFY_SAMPLE),
    workers: firstOf(5, count('workers', flags.workers, 1, 256), given.NUM_WORKERS),
    limits: limits(flags),
    passwords: passwords(cwd, flags),
    incomingDir: folder(given.INCOMING_DIR, 'incoming'),
    quarantineDir: folder(given.QUARANTINE_DIR, 'quarantine'),
    dataDir: dataFolder(cwd, given),
    tmpDir: firstOf('/tmp', path(given.TMPDIR)),
    host: firstOf(container.value ? '0.0.0.0' : '127.0.0.1', given.HOST),
    tokensFile: tokensPath(cwd, given),
    container,
  };
}
