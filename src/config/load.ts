import { isAbsolute, join, resolve } from 'node:path';
import { BackupLensError, inWords } from '../domain/index.ts';
import {
  CLAMD_EXPECTED,
  YARA_EXPECTED,
  parseClamd,
  parseYara,
  socketAddress,
  tcpAddress,
  type YaraChoice,
} from './engine-address.ts';
import { DELAYED_NAMES, readEnvironment, type Given, type LogLevel } from './environment.ts';
import { dataFolder, roots, tokensPath } from './folders/load-folders.ts';
import type { Environment } from './start/index.ts';
import {
  DELIVERED_POLICY,
  DELIVERED_RANSOMWARE_NAMES,
  DELIVERED_RULES,
  bundledIn,
  existingFirst,
  localFirst,
  shownFrom,
} from './places.ts';
import { loadOutward, type OutwardConfig } from './outward.ts';
import { loadPolicy, type LoadedPolicy } from './policy.ts';
import { readSmallFile } from './read-small-file.ts';
import { Secret, secret } from './secret.ts';
import { firstOf, type Setting } from './setting.ts';
import { readToken } from './token.ts';

/** What the command line gave, named as commander names it; texts and numbers are both taken. */
export interface Flags {
  readonly scoring?: string | undefined;
  readonly rules?: readonly string[] | undefined;
  readonly strict?: boolean | undefined;
  readonly clamd?: string | undefined;
  readonly yara?: string | undefined;
  readonly workers?: string | number | undefined;
  readonly maxDepth?: string | number | undefined;
  readonly maxEntries?: string | number | undefined;
  readonly maxUnpackedBytes?: string | number | undefined;
  readonly maxMemberBytes?: string | number | undefined;
  readonly maxRatio?: string | number | undefined;
  readonly maxScanMs?: string | number | undefined;
  readonly password?: readonly string[] | undefined;
  readonly passwordFile?: readonly string[] | undefined;
  readonly cache?: string | undefined;
  readonly verifySample?: string | number | undefined;
}

/** Every setting that is in force, each with where it came from. Paths are absolute. */
export interface EffectiveConfig {
  readonly scoringFile: Setting<string>;
  readonly policy: LoadedPolicy;
  readonly strict: Setting<boolean>;
  readonly rulesDirs: Setting<readonly string[]>;
  /** The list of names that ransomware gives; `loadRansomwareNames` reads it. */
  readonly ransomwareNamesFile: Setting<string>;
  /** Folders of lists of hashes; null: there are none. */
  readonly knownBadDir: Setting<string | null>;
  readonly knownGoodDir: Setting<string | null>;
  /** Lists that the bundle in force brings, beside those. */
  readonly bundledHashSets: readonly { readonly kind: 'bad' | 'good'; readonly path: string }[];
  readonly bundleDir: Setting<string>;
  readonly keysDir: Setting<string>;
  /** Where clamd reads; null: nobody said. */
  readonly clamavDbDir: Setting<string | null>;
  /** Addresses to try in this order (`localhost:3310`, `unix:/run/clamd.ctl`); none: off by choice. */
  readonly clamd: Setting<readonly string[]>;
  /** Text that clamd's database names; null: EICAR is tried. */
  readonly clamdCanary: Setting<string | null>;
  /** null: signatures of any age will do. */
  readonly clamdConf: Setting<string | null>;
  readonly clamavUpdaterUrl: Setting<string | null>;
  readonly clamdMaxAgeDays: Setting<number | null>;
  readonly yara: Setting<YaraChoice>;
  /** What the scanner there wants. */
  readonly yaraToken: Setting<Secret | null>;
  readonly yaraTokenFile: Setting<string | null>;
  /** Where compiled rules are kept; null: nowhere. */
  readonly yaraCacheDir: Setting<string | null>;
  /** File that keeps what was found out; null: none does. By default that of the command line. */
  readonly verdictCache: Setting<string | null>;
  /** In bytes. */
  readonly verdictCacheMax: Setting<number>;
  /** In percent. */
  readonly verifySample: Setting<number>;
  readonly workers: Setting<number>;
  readonly limits: Limits;
  /** To try on what is encrypted, in this order. */
  readonly passwords: Setting<readonly Secret[]>;
  readonly incomingDir: Setting<string>;
  readonly quarantineDir: Setting<string>;
  /** null: such files stay where they are. */
  readonly reviewDir: Setting<string | null>;
  readonly approvedDir: Setting<string | null>;
  readonly dataDir: Setting<string>;
  /** null: everywhere. */
  readonly restoreRoots: Setting<readonly string[] | null>;
  /** Where the scratch folder is made. */
  readonly tmpDir: Setting<string>;
  readonly host: Setting<string>;
  /** null: the service's own. */
  readonly port: Setting<number | null>;
  readonly scanIntervalMs: Setting<number>;
  readonly dispositionUnit: Setting<'file' | 'folder'>;
  readonly delayedNames: Setting<readonly string[]>;
  /** In ms, like all that follow. */
  readonly neverSettledAfter: Setting<number>;
  readonly volumeWait: Setting<number>;
  readonly setWait: Setting<number>;
  readonly massWindow: Setting<number>;
  readonly provisionalFor: Setting<number>;
  readonly shutdownWithin: Setting<number>;
  readonly releaseHookWithin: Setting<number>;
  readonly releaseHookRetryAfter: Setting<number>;
  readonly escalateAfter: Setting<number>;
  /** null: never. */
  readonly expectFileWithin: Setting<number | null>;
  /** As it was given: a program's path is not made absolute for whoever forgot. null: none. */
  readonly releaseHook: Setting<string | null>;
  /** For one file. */
  readonly releaseHookAttempts: Setting<number>;
  /** Files in an hour. */
  readonly quarantinePerRule: Setting<number>;
  /** In bytes. */
  readonly minFree: Setting<number>;
  /** null: as the program decides. */
  readonly scanRoots: Setting<readonly string[] | null>;
  /** Of one file over HTTP, in bytes. */
  readonly maxUploadBytes: Setting<number>;
  readonly uploadQuota: Setting<number>;
  /** null: SQLite in the data folder. */
  readonly storeUrl: Setting<Secret | null>;
  readonly allowAnonymous: Setting<boolean>;
  readonly apiToken: Setting<Secret | null>;
  readonly apiTokenFile: Setting<string | null>;
  readonly tokensFile: Setting<string>;
  /** Per cent. */
  readonly gapRateAlarm: Setting<number>;
  readonly outward: OutwardConfig;
  readonly logLevel: Setting<LogLevel>;
  readonly container: Setting<boolean>;
}

/** Of one tree; the names are those of the unpack room's budget. null: as that room decides. */
export interface Limits {
  readonly max_depth: Setting<number>;
  readonly max_entries: Setting<number>;
  readonly max_unpacked_bytes: Setting<number | null>;
  readonly max_member_bytes: Setting<number | null>;
  readonly max_ratio: Setting<number>;
  readonly max_scan_ms: Setting<number | null>;
}

/** The values alone. */
export function limitValues(config: Pick<EffectiveConfig, 'limits'>): {
  readonly [Name in keyof Limits]: Limits[Name]['value'];
} {
  const of = config.limits;
  return {
    max_depth: of.max_depth.value,
    max_entries: of.max_entries.value,
    max_unpacked_bytes: of.max_unpacked_bytes.value,
    max_member_bytes: of.max_member_bytes.value,
    max_ratio: of.max_ratio.value,
    max_scan_ms: of.max_scan_ms.value,
  };
}

/** Commonly used by those who exchange samples (DESIGN 7). */
const COMMON_PASSWORDS = ['infected', 'malware', 'virus'];
/** As long as copying one more volume may take to begin. */
const VOLUME_WAIT_MS = 2 * 60_000;
/** As long as a slow line may take from one file of a repository to the next. */
const SET_WAIT_MS = 10 * 60_000;
/** The name of the file. */
export const VERDICTS = 'verdicts.sqlite';
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MAX_UPLOAD_BYTES = 5 * 2 ** 30;
const MAX_PASSWORD_FILE_BYTES = 1024 * 1024;

/** Debian's clamd listens here only, as delivered. */
const DEBIAN_CLAMD = 'unix:/var/run/clamav/clamd.ctl';

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

  const folders = (setting: Setting<readonly string[]> | null): Setting<readonly string[] | null> =>
    firstOf<readonly string[] | null>(
      null,
      setting === null ? null : { ...setting, value: setting.value.map((one) => resolve(cwd, one)) },
    );

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
    keysDir: firstOf(localFirst(cwd, './keys', '/keys'), path(given.KEYS_DIR)),
    clamavDbDir: firstOf<string | null>(
      existingFirst(cwd, './clamav-db', '/clamav-db'),
      path(given.CLAMAV_DB_DIR),
    ),
    clamd: clamd(cwd, flags, given, container.value),
    clamdCanary: firstOf<string | null>(null, given.CLAMD_CANARY),
    clamdConf: firstOf<string | null>(null, path(given.CLAMD_CONF)),
    clamavUpdaterUrl: firstOf<string | null>(null, given.CLAMAV_UPDATER_URL),
    clamdMaxAgeDays: firstOf<number | null>(null, given.CLAMD_MAX_AGE_DAYS),
    yara: yara(flags, given, container.value),
    yaraToken: secret(given.YARA_TOKEN),
    yaraTokenFile: firstOf<string | null>(null, path(given.YARA_TOKEN_FILE)),
    yaraCacheDir: yaraCacheDir(cwd, given, env),
    verdictCache: verdictCache(cwd, flags, given, env),
    verdictCacheMax: firstOf(2 * 2 ** 30, given.VERDICT_CACHE_MAX),
    verifySample: firstOf(1, share(flags.verifySample), given.VERIFY_SAMPLE),
    workers: firstOf(5, count('workers', flags.workers, 1, 256), given.NUM_WORKERS),
    limits: limits(flags),
    passwords: passwords(cwd, flags),
    incomingDir: folder(given.INCOMING_DIR, 'incoming'),
    quarantineDir: folder(given.QUARANTINE_DIR, 'quarantine'),
    reviewDir: firstOf<string | null>(null, path(given.REVIEW_DIR)),
    approvedDir: firstOf<string | null>(null, path(given.APPROVED_DIR)),
    dataDir: dataFolder(cwd, given),
    restoreRoots: firstOf<readonly string[] | null>(null, roots(cwd, given)),
    tmpDir: firstOf('/tmp', path(given.TMPDIR)),
    host: firstOf(container.value ? '0.0.0.0' : '127.0.0.1', given.HOST),
    port: firstOf<number | null>(null, given.PORT),
    scanIntervalMs: firstOf(5000, given.SCAN_INTERVAL_MS),
    dispositionUnit: firstOf<'file' | 'folder'>('file', given.DISPOSITION_UNIT),
    delayedNames: firstOf<readonly string[]>(DELAYED_NAMES, given.DELAYED_NAMES),
    neverSettledAfter: firstOf(DAY_MS, given.NEVER_SETTLED_AFTER),
    volumeWait: firstOf(VOLUME_WAIT_MS, given.VOLUME_WAIT),
    setWait: firstOf(SET_WAIT_MS, given.SET_WAIT),
    massWindow: firstOf(HOUR_MS, given.MASS_WINDOW),
    provisionalFor: firstOf(DAY_MS, given.PROVISIONAL_FOR),
    shutdownWithin: firstOf(20_000, given.SHUTDOWN_WITHIN),
    expectFileWithin: firstOf<number | null>(null, given.EXPECT_FILE_WITHIN),
    releaseHook: firstOf<string | null>(null, given.RELEASE_HOOK),
    releaseHookWithin: firstOf(60_000, given.RELEASE_HOOK_WITHIN),
    releaseHookAttempts: firstOf(8, given.RELEASE_HOOK_ATTEMPTS),
    releaseHookRetryAfter: firstOf(10_000, given.RELEASE_HOOK_RETRY_AFTER),
    quarantinePerRule: firstOf(100, given.QUARANTINE_PER_RULE),
    escalateAfter: firstOf(3 * DAY_MS, given.ESCALATE_AFTER),
    minFree: firstOf(512 * 2 ** 20, given.MIN_FREE),
    scanRoots: folders(given.SCAN_ROOTS),
    maxUploadBytes: firstOf(MAX_UPLOAD_BYTES, given.MAX_UPLOAD_BYTES),
    uploadQuota: firstOf(200 * 2 ** 30, given.UPLOAD_QUOTA),
    storeUrl: secret(given.STORE_URL),
    allowAnonymous: firstOf(false, given.ALLOW_ANONYMOUS),
    apiToken: secret(given.API_TOKEN),
    apiTokenFile: firstOf<string | null>(null, path(given.API_TOKEN_FILE)),
    tokensFile: tokensPath(cwd, given),
    gapRateAlarm: firstOf(25, given.GAP_RATE_ALARM),
    outward: loadOutward(cwd, given),
    logLevel: firstOf<LogLevel>('info', given.LOG_LEVEL),
    container,
  };
}

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
  const at = (setting: Setting<string> | null, fallback: string): string =>
    resolve(cwd, setting?.value ?? fallback);
  const tmpDir = at(given.TMPDIR, '/tmp');
  const incoming = at(given.INCOMING_DIR, localFirst(cwd, './incoming', '/incoming'));
  const cache = yaraCacheDir(cwd, given, env);
  const bundled = bundledIn(at(given.BUNDLE_DIR, localFirst(cwd, './bundles', '/bundles')));
  return {
    host: given.HOST?.value ?? (given.BACKUPLENS_CONTAINER?.value === true ? '0.0.0.0' : '127.0.0.1'),
    port: given.PORT?.value ?? 8081,
    rulesDirs: rulesDirs(cwd, {}, given, bundled.rules).value,
    scanRoots: given.SCAN_ROOTS?.value.map((root) => resolve(cwd, root)) ?? [incoming, tmpDir, cwd],
    tmpDir,
    cacheDir:
      cache.origin === 'default' && given.DATA_DIR !== null
        ? join(at(given.DATA_DIR, ''), 'yara-cache')
        : cache.value,
    maxUploadBytes: given.MAX_UPLOAD_BYTES?.value ?? MAX_UPLOAD_BYTES,
    token: readToken('API_TOKEN', {
      token: given.API_TOKEN?.value ?? null,
      file: given.API_TOKEN_FILE === null ? null : at(given.API_TOKEN_FILE, ''),
    }),
    allowAnonymous: given.ALLOW_ANONYMOUS?.value ?? false,
    logLevel: given.LOG_LEVEL?.value ?? 'info',
  };
}

function flag<T>(name: string, value: T | undefined): Setting<T> | null {
  return value === undefined ? null : { value, origin: `flag --${name}` };
}

function usage(name: string, expected: string, got: unknown): BackupLensError {
  return new BackupLensError('BL_USAGE', `--${name}: expected ${expected}, got ${JSON.stringify(got)}`);
}

function count(
  name: string,
  value: string | number | undefined,
  min: number,
  max: number,
): Setting<number> | null {
  if (value === undefined) return null;
  const figure = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(figure) || figure < min || figure > max) {
    throw usage(name, `an integer from ${min} to ${max}`, value);
  }
  return { value: figure, origin: `flag --${name}` };
}

function limits(flags: Flags): Limits {
  const most = Number.MAX_SAFE_INTEGER;
  return {
    // Deeper nesting than a thousand exhausts stacks before it finds anything.
    max_depth: firstOf(16, count('max-depth', flags.maxDepth, 0, 1000)),
    max_entries: firstOf(10_000_000, count('max-entries', flags.maxEntries, 0, most)),
    max_unpacked_bytes: firstOf<number | null>(
      null,
      count('max-unpacked-bytes', flags.maxUnpackedBytes, 0, most),
    ),
    max_member_bytes: firstOf<number | null>(null, count('max-member-bytes', flags.maxMemberBytes, 1, most)),
    max_ratio: firstOf(1000, count('max-ratio', flags.maxRatio, 1, most)),
    max_scan_ms: firstOf<number | null>(null, count('max-scan-ms', flags.maxScanMs, 1, most)),
  };
}

function yaraCacheDir(cwd: string, given: Given, env: Environment): Setting<string | null> {
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

function verdictCache(cwd: string, flags: Flags, given: Given, env: Environment): Setting<string | null> {
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

function share(value: string | number | undefined): Setting<number> | null {
  if (value === undefined) return null;
  const figure = typeof value === 'number' ? value : /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(figure) || figure < 0 || figure > 100)
    throw usage('verify-sample', 'a percentage from 0 to 100', value);
  return { value: figure, origin: 'flag --verify-sample' };
}

/**
 * A bundle's rules are in force beside those that somebody keeps here, or beside the delivered ones: it adds, and takes none away.
 * The others stand first, so that it is the bundle's which are left out where all together are too many.
 */
function usualRules(cwd: string, bundled: Setting<string> | null): Setting<readonly string[]> {
  const usual = localFirst(cwd, './yara-rules', '/rules', DELIVERED_RULES);
  return bundled === null
    ? { value: [usual], origin: 'default' }
    : { value: [usual, bundled.value], origin: bundled.origin };
}

function rulesDirs(
  cwd: string,
  flags: Flags,
  given: Given,
  bundled: Setting<string> | null,
): Setting<readonly string[]> {
  const flagged = flags.rules === undefined || flags.rules.length === 0 ? undefined : flags.rules;
  const variable = given.YARA_RULES_DIR;
  return firstOf<readonly string[]>(
    [],
    flag(
      'rules',
      flagged?.map((dir) => resolve(cwd, dir)),
    ),
    variable === null ? null : { ...variable, value: variable.value.map((dir) => resolve(cwd, dir)) },
    usualRules(cwd, bundled),
  );
}

function hashSets(cwd: string, kind: 'bad' | 'good', given: Setting<string> | null): Setting<string | null> {
  const usual = existingFirst(cwd, `./hash-sets/${kind}`, `/hash-sets/${kind}`);
  return firstOf<string | null>(usual, given);
}

/** As the rooms that read them want them. */
export function hashSetFolders({
  knownBadDir,
  knownGoodDir,
  bundledHashSets,
}: Pick<EffectiveConfig, 'knownBadDir' | 'knownGoodDir' | 'bundledHashSets'>): {
  readonly kind: 'bad' | 'good';
  readonly path: string;
}[] {
  return [
    ...(knownBadDir.value === null ? [] : [{ kind: 'bad' as const, path: knownBadDir.value }]),
    ...(knownGoodDir.value === null ? [] : [{ kind: 'good' as const, path: knownGoodDir.value }]),
    ...bundledHashSets,
  ];
}

function clamd(cwd: string, flags: Flags, given: Given, container: boolean): Setting<readonly string[]> {
  if (flags.clamd !== undefined) {
    const value = parseClamd(flags.clamd, cwd);
    if (value === null) throw usage('clamd', CLAMD_EXPECTED, flags.clamd);
    return { value, origin: 'flag --clamd' };
  }
  const port = given.CLAMD_PORT?.value ?? 3310;
  if (given.CLAMD_HOST !== null) {
    const { value: host, origin } = given.CLAMD_HOST;
    if (host === 'off') return { value: [], origin };
    if (!host.startsWith('unix:')) return { value: [tcpAddress(host, port)], origin };
    const socket = socketAddress(host.slice('unix:'.length), cwd);
    if (socket === null) throw new BackupLensError('BL_CONFIG', `${origin}: the socket's path is too long`);
    return { value: [socket], origin };
  }
  const usual = container ? [tcpAddress('clamav', port)] : [tcpAddress('localhost', port), DEBIAN_CLAMD];
  return { value: usual, origin: given.CLAMD_PORT?.origin ?? 'default' };
}

function yara(flags: Flags, given: Given, container: boolean): Setting<YaraChoice> {
  if (flags.yara !== undefined) {
    const value = parseYara(flags.yara);
    // The text may hold a password.
    if (value === null) throw new BackupLensError('BL_USAGE', `--yara: expected ${YARA_EXPECTED}`);
    return { value, origin: 'flag --yara' };
  }
  const port = given.YARA_PORT?.value ?? 8081;
  if (given.YARA_HOST === null && !container) return { value: { mode: 'embedded' }, origin: 'default' };
  const host = given.YARA_HOST?.value ?? 'yara-scanner';
  return {
    value: { mode: 'service', url: `http://${tcpAddress(host, port)}` },
    origin: given.YARA_HOST?.origin ?? given.YARA_PORT?.origin ?? 'default',
  };
}

function passwords(cwd: string, flags: Flags): Setting<readonly Secret[]> {
  const typed = flags.password ?? [];
  const filed = (flags.passwordFile ?? []).flatMap((file) => passwordsIn(file, cwd));
  const texts = new Set([...typed, ...filed, ...COMMON_PASSWORDS]);
  const value = [...texts].map((text) => new Secret(text));
  if (typed.length > 0) return { value, origin: 'flag --password' };
  return { value, origin: filed.length > 0 ? 'flag --password-file' : 'default' };
}

/** One a line; everything on the line counts, blanks too. */
function passwordsIn(file: string, cwd: string): string[] {
  try {
    const text = readSmallFile(resolve(cwd, file), MAX_PASSWORD_FILE_BYTES).toString('utf8');
    return text.split(/\r?\n/).filter((line) => line !== '');
  } catch (error) {
    throw new BackupLensError('BL_USAGE', `--password-file ${file}: cannot be read: ${inWords(error)}`, {
      hint: 'name a file with one password a line',
      cause: error,
    });
  }
}
