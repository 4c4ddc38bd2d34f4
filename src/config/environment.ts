import { z } from 'zod';
import { BackupLensError } from '../domain/index.ts';
import { isHost } from './engine-address.ts';
import { suggestion } from './nearest.ts';
import type { Setting } from './setting.ts';
import type { Environment } from './start/index.ts';

interface Variable<T> {
  /** Turns the text into the value; its message is what was expected. */
  readonly schema: z.ZodType<T, string>;
  /** In words, where the value depends on something. */
  readonly default: string;
  readonly doc: string;
  /** Shown as `[redacted]`, also in errors. */
  readonly secret: boolean;
}

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const path = z.string().refine((text) => !text.includes('\0'), 'a path');
const host = z.string().refine(isHost, 'a host name or an IP address');
const bool = z
  .enum(['true', 'false', '1', '0'], 'true, false, 1 or 0')
  .transform((text) => text === 'true' || text === '1');

/** Longer than any of our figures has digits. */
function integer(min: number, max: number): z.ZodType<number, string> {
  const expected = `an integer from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .pipe(z.number().min(min, expected).max(max, expected));
}

const port = integer(1, 65_535);

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = 'a time such as 90s, 15m, 24h or 7d';
/** Longer than anybody waits, and what a timer can take many times over. */
const MAX_DURATION_MS = 3660 * 86_400_000;

/** In ms. */
const duration = z
  .string()
  .regex(/^\d{1,12}(ms|s|m|h|d)$/, DURATION)
  .transform((text) => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, '')] ?? 1))
  .pipe(z.number().min(1, DURATION).max(MAX_DURATION_MS, DURATION));

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};
const SIZE = 'a size in bytes, or such as 512M or 2G';

/** In bytes. */
const size = z
  .string()
  .regex(/^\d{1,15}[KMGT]?$/, SIZE)
  .transform((text) => Number.parseInt(text, 10) * (SIZE_UNITS[text.replace(/^\d+/, '')] ?? 1))
  .pipe(z.number().max(Number.MAX_SAFE_INTEGER, SIZE));

const PERCENT = 'a percentage from 0 to 100, such as 0.5';
const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,6})?$/, PERCENT)
  .transform(Number)
  .pipe(z.number().max(100, PERCENT));

const paths = z
  .string()
  .refine((text) => !text.includes('\0'), 'folders, separated by :')
  .transform((text) => text.split(':').filter((folder) => folder !== ''));

const patterns = z
  .string()
  .max(10_000, 'patterns, separated by spaces')
  .transform((text) => text.split(/\s+/).filter((pattern) => pattern !== ''));

const url = (...schemes: readonly string[]): z.ZodType<string, string> => {
  const expected = `a URL that begins with ${schemes.join(' or ')}`;
  return z.string().refine((text) => {
    return schemes.some((scheme) => text.startsWith(scheme)) && URL.canParse(text);
  }, expected);
};

const eventFormat = z.enum(['ecs', 'ocsf', 'cef'], 'ecs, ocsf or cef');

function variable<T>(
  schema: z.ZodType<T, string>,
  fallback: string,
  doc: string,
  secret = false,
): Variable<T> {
  return { schema, default: fallback, doc, secret };
}

/** Names under which programs write what they rename when it is whole: browsers, rsync, editors, Office. */
export const DELAYED_NAMES = [
  '*.part',
  '*.partial',
  '*.filepart',
  '*.crdownload',
  '*.tmp',
  '.*.??????',
  '*~',
  '~$*',
];

/** More scan processes than this starve any machine; fewer than one do nothing. */
const WORKERS = integer(1, 256);

/** Every variable there is. Each may also be given with the prefix `BACKUPLENS_`, which wins. */
export const VARIABLES = {
  NUM_WORKERS: variable(WORKERS, '5', 'files scanned at the same time'),
  INCOMING_DIR: variable(path, './incoming, else /incoming', 'folder the service watches'),
  QUARANTINE_DIR: variable(path, './quarantine, else /quarantine', 'where quarantined files go'),
  REVIEW_DIR: variable(path, 'unset: they stay where they are', 'where files for review go'),
  APPROVED_DIR: variable(path, 'unset: they stay where they are', 'where approved files go'),
  DATA_DIR: variable(path, './data, else /data', 'the store with its journal, and keys'),
  RESTORE_ROOTS: variable(
    z
      .string()
      .refine((text) => !text.includes('\0'), 'paths')
      .transform((text) => text.split(':').filter((root) => root !== '')),
    'unset: everywhere',
    'folders below which quarantined files may be restored, with colons between',
  ),
  SCORING_CONFIG: variable(
    path,
    './config/scoring.yaml, else /config/scoring.yaml, else the delivered one',
    'the scoring policy',
  ),
  YARA_RULES_DIR: variable(
    paths,
    './yara-rules, else /rules, else the delivered ones',
    'folders of YARA rules, separated by :',
  ),
  KNOWN_BAD_DIR: variable(
    path,
    './hash-sets/bad, else /hash-sets/bad, else none',
    'folder of lists of SHA-256 that are known bad',
  ),
  KNOWN_GOOD_DIR: variable(
    path,
    './hash-sets/good, else /hash-sets/good, else none',
    'folder of lists of SHA-256 that are known good',
  ),
  BUNDLE_DIR: variable(
    path,
    './bundles, else /bundles',
    'where imported bundles lie: what the one in force brings stands before the usual places',
  ),
  KEYS_DIR: variable(
    path,
    './keys, else /keys',
    'folder of the keys for bundles: the public ones (.pem) are trusted, and a secret one (.key) can sign',
  ),
  CLAMAV_DB_DIR: variable(
    path,
    './clamav-db, else /clamav-db, else none',
    'folder that clamd reads its databases from: those of a bundle are put there',
  ),
  CLAMD_HOST: variable(
    z.string().refine((text) => text === 'off' || text.startsWith('unix:/') || isHost(text), {
      error: 'a host name, an IP address, unix:/PATH or off (the port is CLAMD_PORT)',
    }),
    'localhost, then /var/run/clamav/clamd.ctl; clamav in our containers',
    'where clamd listens',
  ),
  CLAMD_PORT: variable(port, '3310', 'port of clamd'),
  CLAMD_CANARY: variable(
    z.string().max(1024, 'at most 1024 characters'),
    'the EICAR test string',
    'harmless text that the signature database names: clamd is only believed while it finds it',
  ),
  CLAMD_CONF: variable(
    path,
    'looked for in the usual places',
    "clamd's own clamd.conf, to be read for what it hides: limits, cache, database folder",
  ),
  CLAMAV_UPDATER_URL: variable(
    url('http://', 'https://'),
    'unset: what clamd said is believed for a day',
    "where the clamav-updater is that brings clamd's database, where nobody sees that from here",
  ),
  CLAMD_MAX_AGE_DAYS: variable(
    integer(1, 36_500),
    'unset: any age',
    'older signatures count as an engine that is away',
  ),
  YARA_HOST: variable(
    host,
    'our own child process; yara-scanner in our containers',
    'where yara-scanner runs',
  ),
  YARA_PORT: variable(port, '8081', 'port of yara-scanner'),
  YARA_TOKEN: variable(z.string(), 'unset', 'the token that the yara-scanner at YARA_HOST wants', true),
  YARA_TOKEN_FILE: variable(path, 'unset', 'file with that token'),
  VERDICT_CACHE: variable(
    path,
    'of a service verdict-cache/verdicts.sqlite in DATA_DIR, else ~/.cache/backuplens/verdicts/verdicts.sqlite',
    'file that keeps what was found out, so that it is not found out again (docs/cache.md), or off',
  ),
  VERDICT_CACHE_MAX: variable(
    size,
    '2G',
    'what the cache of verdicts may take; what was of no use for longest goes',
  ),
  VERIFY_SAMPLE: variable(
    percent,
    '1',
    'of what the cache knows, percent that are read and examined all the same, and compared; 0 to 100',
  ),
  YARA_CACHE_DIR: variable(
    path,
    'of a service yara-cache in DATA_DIR, else ~/.cache/backuplens/yara',
    'where compiled rules are kept, or off',
  ),
  HOST: variable(
    host,
    '127.0.0.1; 0.0.0.0 in our containers',
    'address a service listens on; default-route: loopback and the interface with the default route only',
  ),
  PORT: variable(
    integer(0, 65_535),
    'pipeline 8080, yara-scanner 8081, clamav-updater 8082',
    'port a service listens on; 0: any that is free',
  ),
  SCAN_INTERVAL_MS: variable(
    integer(100, 86_400_000),
    '5000',
    'pause between two looks at INCOMING_DIR, in ms',
  ),
  DISPOSITION_UNIT: variable(
    z.enum(['file', 'folder'], 'file or folder'),
    'file',
    'what is decided and moved as one: a file, or a folder that was dropped into INCOMING_DIR',
  ),
  DELAYED_NAMES: variable(
    patterns,
    DELAYED_NAMES.join(' '),
    'patterns of names that are still being written: they wait longer, an hour at most',
  ),
  NEVER_SETTLED_AFTER: variable(
    duration,
    '24h',
    'what keeps changing for so long is scanned as it is, and goes to review',
  ),
  VOLUME_WAIT: variable(
    duration,
    '2m',
    'how long the volumes of an archive have to rest before they are taken for all there are',
  ),
  SET_WAIT: variable(
    duration,
    '10m',
    'how long a folder that looks like the beginning of a repository has to rest before its files are taken',
  ),
  MASS_WINDOW: variable(
    duration,
    '1h',
    'files of one top folder that arrive within this are judged together for an attack that encrypts',
  ),
  PROVISIONAL_FOR: variable(
    duration,
    '24h',
    'what was approved while an engine was away is held for review after so long',
  ),
  QUARANTINE_PER_RULE: variable(
    integer(1, 1_000_000),
    '100',
    'files that one rule may quarantine in an hour; more are held for review',
  ),
  ESCALATE_AFTER: variable(
    duration,
    '72h',
    'what waits longer for a review is escalated: an event, a metric, never a decision',
  ),
  MIN_FREE: variable(size, '512M', 'with less free space in a folder of ours, nothing new is taken in'),
  SHUTDOWN_WITHIN: variable(duration, '20s', 'what is not finished so long after SIGTERM is handed back'),
  RELEASE_HOOK: variable(
    path,
    'unset: none',
    'program that is told of every approved file: its path is the argument, BACKUPLENS_… its environment',
  ),
  RELEASE_HOOK_WITHIN: variable(duration, '60s', 'a hook that takes longer is ended, and has failed'),
  RELEASE_HOOK_ATTEMPTS: variable(
    integer(1, 100),
    '8',
    'how often a hook that fails is run for one file; then `backuplens status` shows it, and the next start tries again',
  ),
  RELEASE_HOOK_RETRY_AFTER: variable(
    duration,
    '10s',
    'pause before a hook that failed is run again; four times as long every time, six hours at most',
  ),
  SCAN_ROOTS: variable(
    paths,
    'INCOMING_DIR, the scratch folder and the working directory',
    'folders that the yara-scanner may read, separated by :',
  ),
  MAX_UPLOAD_BYTES: variable(size, '5G', 'the largest file that yara-scanner and pipeline take over HTTP'),
  UPLOAD_QUOTA: variable(size, '200G', 'what one token may upload to the pipeline in 24 hours'),
  STORE_URL: variable(
    url('sqlite:', 'postgres:', 'postgresql:'),
    'unset: SQLite in DATA_DIR',
    'the store; may hold a password',
    true,
  ),
  EXPECT_FILE_WITHIN: variable(duration, 'unset: never', 'no new file for so long is an alarm'),
  ALLOW_ANONYMOUS: variable(bool, 'false', 'listen beyond loopback without a token'),
  API_TOKEN: variable(z.string(), 'unset', "the administrator's token", true),
  API_TOKEN_FILE: variable(path, 'unset', "file with the administrator's token"),
  TOKENS_FILE: variable(path, 'tokens.json in DATA_DIR', 'file with named tokens and their roles'),
  GAP_RATE_ALARM: variable(
    integer(1, 100),
    '25',
    'per cent of the files of an hour with gaps that are not tolerated, from which on it is an alarm',
  ),
  WEBHOOK_URL: variable(url('http://', 'https://'), 'unset', 'where events are posted to', true),
  WEBHOOK_FORMAT: variable(eventFormat, 'ecs', 'how events are written there: ecs, ocsf or cef'),
  WEBHOOK_SECRET: variable(
    z.string(),
    'unset: not signed',
    'what events are signed with there; two with a blank between, while one takes the place of the other',
    true,
  ),
  WEBHOOK_SECRET_FILE: variable(path, 'unset', 'file with it'),
  WEBHOOK_TOKEN: variable(z.string(), 'unset', 'the bearer token that the receiver there wants', true),
  WEBHOOK_TOKEN_FILE: variable(path, 'unset', 'file with that token'),
  WEBHOOK_WITHIN: variable(duration, '10s', 'an answer that takes longer has failed'),
  SYSLOG_URL: variable(
    url('tcp://', 'tls://', 'udp://'),
    'unset',
    'where events are sent to as syslog: tcp://HOST:PORT, tls://, udp://',
    true,
  ),
  SYSLOG_FORMAT: variable(eventFormat, 'cef', 'how events are written there: ecs, ocsf or cef'),
  SYSLOG_MAX_BYTES: variable(
    integer(2048, 65_000),
    '8192; 2048 over UDP',
    'the largest message; an event that takes more is sent with fewer details, and says so',
  ),
  CHECKPOINT_FILE: variable(
    path,
    'unset',
    'file, best on another machine, that signed checkpoints of the journal are appended to every hour',
  ),
  EVENTS_FILE: variable(path, 'unset', 'file that events are appended to, one JSON (or CEF) line each'),
  EVENTS_FILE_FORMAT: variable(eventFormat, 'ecs', 'how events are written there: ecs, ocsf or cef'),
  EVENTS_FILE_BYTES: variable(size, '64M', 'where that file would grow beyond, a new one is begun'),
  EVENTS_FILE_KEEP: variable(integer(0, 1000), '5', 'older ones that are kept beside it, .1 the newest'),
  TICKETS: variable(
    z.enum(['github', 'gitlab', 'jira', 'servicenow'], 'github, gitlab, jira or servicenow'),
    'unset',
    'where a ticket is kept for each group of reviews (docs/tickets.md)',
  ),
  TICKETS_URL: variable(
    url('http://', 'https://'),
    'unset',
    'the repository, project or site whose API keeps them',
    true,
  ),
  TICKETS_TOKEN: variable(z.string(), 'unset', 'the token that it wants', true),
  TICKETS_TOKEN_FILE: variable(path, 'unset', 'file with that token'),
  TICKETS_USER: variable(
    z.string().regex(/^[\x21-\x39\x3b-\x7e]{1,200}$/, 'an account'),
    'unset',
    'the account of that token, where it goes with one (Jira in the cloud, ServiceNow)',
  ),
  TICKETS_PROJECT: variable(
    z.string().regex(/^[A-Z][A-Z0-9_]{0,49}$/, 'a project key of Jira'),
    'unset',
    "Jira's project key",
  ),
  TICKETS_TYPE: variable(
    z.string().regex(/^[A-Za-z][A-Za-z0-9 _-]{0,49}$/, 'an issue type, or a table'),
    'Task; incident',
    "Jira's issue type, or ServiceNow's table",
  ),
  TICKETS_TEMPLATE: variable(path, 'our own words', 'file with what a ticket says'),
  TICKETS_WITHIN: variable(duration, '20s', 'an answer that takes longer has failed'),
  MAIL_URL: variable(
    url('smtp://', 'smtps://'),
    'unset',
    'the mail server: smtp://HOST:PORT, smtps://HOST:PORT',
    true,
  ),
  MAIL_USER: variable(z.string(), 'unset', 'the account there'),
  MAIL_PASSWORD: variable(z.string(), 'unset', 'its password', true),
  MAIL_PASSWORD_FILE: variable(path, 'unset', 'file with that password'),
  MAIL_FROM: variable(z.string(), 'unset', 'the address that mail comes from'),
  MAIL_TO: variable(z.string(), 'unset', 'addresses that it goes to, with commas'),
  MAIL_SEVERITY: variable(
    z.enum(['info', 'low', 'medium', 'high', 'critical'], 'info, low, medium, high or critical'),
    'high',
    'the mildest event that is mailed',
  ),
  MAIL_PAUSE: variable(duration, '15m', 'from one letter to the next; what happens meanwhile is in one'),
  MAIL_WITHIN: variable(duration, '30s', 'a mail server that takes longer to answer has failed'),
  EVENTS_PER_MINUTE: variable(
    integer(1, 100_000),
    '600',
    'events of one minute that are told one by one; the others are told together, as a digest',
  ),
  EVENTS_RETRY_MAX: variable(duration, '5m', 'the longest pause before events are tried again'),
  EVENTS_HEARTBEAT: variable(duration, '5m', 'pause between two signs of life to every receiver of events'),
  PRIVACY_OUTBOUND: variable(
    z.enum(['full', 'basename', 'hash'], 'full, basename or hash'),
    'full',
    'what of names goes out with events: paths, last names only, or nothing that can be read',
  ),
  LOG_LEVEL: variable(
    z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`) satisfies z.ZodType<LogLevel, string>,
    'info',
    'least severity that a service logs',
  ),
  TMPDIR: variable(path, '/tmp', 'where the scratch folder is made'),
  BACKUPLENS_CONTAINER: variable(
    bool,
    'false',
    'set in our images: brings the host names of the compose files',
  ),
} as const;

export type VariableName = keyof typeof VARIABLES;
type ValueOf<N extends VariableName> = z.output<(typeof VARIABLES)[N]['schema']>;

/** The value and the name it was really given under; null for what is unset or empty. */
export type Given = { readonly [N in VariableName]: Setting<ValueOf<N>> | null };

const PREFIX = 'BACKUPLENS_';

/** All our variables, validated. Throws BL_CONFIG with everything that is wrong at once, one line each. */
export function readEnvironment(environment: Environment): Given {
  const problems = unknownNames(environment);
  const get = <N extends VariableName>(name: N): Setting<ValueOf<N>> | null => {
    const given = find(name, environment);
    if (given === null) return null;
    const { schema, secret } = VARIABLES[name];
    const parsed = z.safeParse(schema, given.text);
    if (parsed.success) {
      // The table pairs each name with its own schema; the compiler cannot follow that through the index.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return { value: parsed.data as ValueOf<N>, origin: `environment ${given.name}` };
    }
    const shown = secret ? '[redacted]' : JSON.stringify(given.text.slice(0, 100));
    problems.push(
      `${given.name}: expected ${parsed.error.issues[0]?.message ?? 'another value'}, got ${shown}`,
    );
    return null;
  };
  const given: Given = {
    NUM_WORKERS: get('NUM_WORKERS'),
    INCOMING_DIR: get('INCOMING_DIR'),
    QUARANTINE_DIR: get('QUARANTINE_DIR'),
    REVIEW_DIR: get('REVIEW_DIR'),
    APPROVED_DIR: get('APPROVED_DIR'),
    DATA_DIR: get('DATA_DIR'),
    RESTORE_ROOTS: get('RESTORE_ROOTS'),
    SCORING_CONFIG: get('SCORING_CONFIG'),
    YARA_RULES_DIR: get('YARA_RULES_DIR'),
    KNOWN_BAD_DIR: get('KNOWN_BAD_DIR'),
    KNOWN_GOOD_DIR: get('KNOWN_GOOD_DIR'),
    BUNDLE_DIR: get('BUNDLE_DIR'),
    KEYS_DIR: get('KEYS_DIR'),
    CLAMAV_DB_DIR: get('CLAMAV_DB_DIR'),
    CLAMD_HOST: get('CLAMD_HOST'),
    CLAMD_PORT: get('CLAMD_PORT'),
    CLAMD_CANARY: get('CLAMD_CANARY'),
    CLAMD_CONF: get('CLAMD_CONF'),
    CLAMAV_UPDATER_URL: get('CLAMAV_UPDATER_URL'),
    CLAMD_MAX_AGE_DAYS: get('CLAMD_MAX_AGE_DAYS'),
    YARA_HOST: get('YARA_HOST'),
    YARA_PORT: get('YARA_PORT'),
    YARA_TOKEN: get('YARA_TOKEN'),
    YARA_TOKEN_FILE: get('YARA_TOKEN_FILE'),
    VERDICT_CACHE: get('VERDICT_CACHE'),
    VERDICT_CACHE_MAX: get('VERDICT_CACHE_MAX'),
    VERIFY_SAMPLE: get('VERIFY_SAMPLE'),
    YARA_CACHE_DIR: get('YARA_CACHE_DIR'),
    HOST: get('HOST'),
    PORT: get('PORT'),
    SCAN_INTERVAL_MS: get('SCAN_INTERVAL_MS'),
    DISPOSITION_UNIT: get('DISPOSITION_UNIT'),
    DELAYED_NAMES: get('DELAYED_NAMES'),
    NEVER_SETTLED_AFTER: get('NEVER_SETTLED_AFTER'),
    VOLUME_WAIT: get('VOLUME_WAIT'),
    SET_WAIT: get('SET_WAIT'),
    MASS_WINDOW: get('MASS_WINDOW'),
    PROVISIONAL_FOR: get('PROVISIONAL_FOR'),
    QUARANTINE_PER_RULE: get('QUARANTINE_PER_RULE'),
    ESCALATE_AFTER: get('ESCALATE_AFTER'),
    MIN_FREE: get('MIN_FREE'),
    SHUTDOWN_WITHIN: get('SHUTDOWN_WITHIN'),
    RELEASE_HOOK: get('RELEASE_HOOK'),
    RELEASE_HOOK_WITHIN: get('RELEASE_HOOK_WITHIN'),
    RELEASE_HOOK_ATTEMPTS: get('RELEASE_HOOK_ATTEMPTS'),
    RELEASE_HOOK_RETRY_AFTER: get('RELEASE_HOOK_RETRY_AFTER'),
    SCAN_ROOTS: get('SCAN_ROOTS'),
    MAX_UPLOAD_BYTES: get('MAX_UPLOAD_BYTES'),
    UPLOAD_QUOTA: get('UPLOAD_QUOTA'),
    STORE_URL: get('STORE_URL'),
    EXPECT_FILE_WITHIN: get('EXPECT_FILE_WITHIN'),
    ALLOW_ANONYMOUS: get('ALLOW_ANONYMOUS'),
    API_TOKEN: get('API_TOKEN'),
    API_TOKEN_FILE: get('API_TOKEN_FILE'),
    TOKENS_FILE: get('TOKENS_FILE'),
    GAP_RATE_ALARM: get('GAP_RATE_ALARM'),
    WEBHOOK_URL: get('WEBHOOK_URL'),
    WEBHOOK_FORMAT: get('WEBHOOK_FORMAT'),
    WEBHOOK_SECRET: get('WEBHOOK_SECRET'),
    WEBHOOK_SECRET_FILE: get('WEBHOOK_SECRET_FILE'),
    WEBHOOK_TOKEN: get('WEBHOOK_TOKEN'),
    WEBHOOK_TOKEN_FILE: get('WEBHOOK_TOKEN_FILE'),
    WEBHOOK_WITHIN: get('WEBHOOK_WITHIN'),
    SYSLOG_URL: get('SYSLOG_URL'),
    SYSLOG_FORMAT: get('SYSLOG_FORMAT'),
    SYSLOG_MAX_BYTES: get('SYSLOG_MAX_BYTES'),
    CHECKPOINT_FILE: get('CHECKPOINT_FILE'),
    EVENTS_FILE: get('EVENTS_FILE'),
    EVENTS_FILE_FORMAT: get('EVENTS_FILE_FORMAT'),
    EVENTS_FILE_BYTES: get('EVENTS_FILE_BYTES'),
    EVENTS_FILE_KEEP: get('EVENTS_FILE_KEEP'),
    TICKETS: get('TICKETS'),
    TICKETS_URL: get('TICKETS_URL'),
    TICKETS_TOKEN: get('TICKETS_TOKEN'),
    TICKETS_TOKEN_FILE: get('TICKETS_TOKEN_FILE'),
    TICKETS_USER: get('TICKETS_USER'),
    TICKETS_PROJECT: get('TICKETS_PROJECT'),
    TICKETS_TYPE: get('TICKETS_TYPE'),
    TICKETS_TEMPLATE: get('TICKETS_TEMPLATE'),
    TICKETS_WITHIN: get('TICKETS_WITHIN'),
    MAIL_URL: get('MAIL_URL'),
    MAIL_USER: get('MAIL_USER'),
    MAIL_PASSWORD: get('MAIL_PASSWORD'),
    MAIL_PASSWORD_FILE: get('MAIL_PASSWORD_FILE'),
    MAIL_FROM: get('MAIL_FROM'),
    MAIL_TO: get('MAIL_TO'),
    MAIL_SEVERITY: get('MAIL_SEVERITY'),
    MAIL_PAUSE: get('MAIL_PAUSE'),
    MAIL_WITHIN: get('MAIL_WITHIN'),
    EVENTS_PER_MINUTE: get('EVENTS_PER_MINUTE'),
    EVENTS_RETRY_MAX: get('EVENTS_RETRY_MAX'),
    EVENTS_HEARTBEAT: get('EVENTS_HEARTBEAT'),
    PRIVACY_OUTBOUND: get('PRIVACY_OUTBOUND'),
    LOG_LEVEL: get('LOG_LEVEL'),
    TMPDIR: get('TMPDIR'),
    BACKUPLENS_CONTAINER: get('BACKUPLENS_CONTAINER'),
  };
  if (problems.length > 0) throw new BackupLensError('BL_CONFIG', problems.join('\n'));
  return given;
}

/** Compose files write `${X:-}`, so an empty value counts as none. */
function find(name: VariableName, environment: Environment): { name: string; text: string } | null {
  for (const candidate of namesOf(name)) {
    const text = environment[candidate];
    if (text !== undefined && text !== '') return { name: candidate, text };
  }
  return null;
}

function namesOf(name: VariableName): readonly string[] {
  return name.startsWith(PREFIX) ? [name] : [`${PREFIX}${name}`, name];
}

/** Under our own prefix a name that is not ours is a misspelt one. */
function unknownNames(environment: Environment): string[] {
  const known = Object.keys(VARIABLES).map((name) => (name.startsWith(PREFIX) ? name : `${PREFIX}${name}`));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .toSorted()
    .map((name) => `${JSON.stringify(name.slice(0, 100))}: unknown variable; ${suggestion(name, known)}`);
}
