import { z } from 'zod';
import { isHost } from './engine-address.ts';
import {
  bool,
  duration,
  eventFormat,
  host,
  integer,
  LOG_LEVELS,
  path,
  paths,
  patterns,
  percent,
  port,
  program,
  size,
  url,
  type LogLevel,
} from './value-kinds.ts';
import { optional, secretly, usual, variable } from './variable.ts';

/** Names under which programs write what they rename when it is whole: browsers, rsync, editors, Office. */
const DELAYED_NAMES = [
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
  REVIEW_DIR: optional(path, 'unset: they stay where they are', 'where files for review go'),
  APPROVED_DIR: optional(path, 'unset: they stay where they are', 'where approved files go'),
  DATA_DIR: variable(path, './data, else /data', 'the store with its journal, and keys'),
  RESTORE_ROOTS: optional(
    paths,
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
  CLAMD_CANARY: optional(
    z.string().max(1024, 'at most 1024 characters'),
    'the EICAR test string',
    'harmless text that the signature database names: clamd is only believed while it finds it',
  ),
  CLAMD_CONF: optional(
    path,
    'looked for in the usual places',
    "clamd's own clamd.conf, to be read for what it hides: limits, cache, database folder",
  ),
  CLAMAV_UPDATER_URL: optional(
    url('http://', 'https://'),
    'unset: what clamd said is believed for a day',
    "where the clamav-updater is that brings clamd's database, where nobody sees that from here",
  ),
  CLAMD_MAX_AGE_DAYS: optional(
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
  YARA_TOKEN: secretly(z.string(), 'unset', 'the token that the yara-scanner at YARA_HOST wants'),
  YARA_TOKEN_FILE: optional(path, 'unset', 'file with that token'),
  VERDICT_CACHE: variable(
    path,
    'of a service verdict-cache/verdicts.sqlite in DATA_DIR, else ~/.cache/backuplens/verdicts/verdicts.sqlite',
    'file that keeps what was found out, so that it is not found out again (docs/cache.md), or off',
  ),
  VERDICT_CACHE_MAX: usual(
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
  PORT: optional(
    integer(0, 65_535),
    'pipeline 8080, yara-scanner 8081, clamav-updater 8082',
    'port a service listens on; 0: any that is free',
  ),
  SCAN_INTERVAL_MS: usual(integer(100, 86_400_000), '5000', 'pause between two looks at INCOMING_DIR, in ms'),
  DISPOSITION_UNIT: usual(
    z.enum(['file', 'folder'], 'file or folder'),
    'file',
    'what is decided and moved as one: a file, or a folder that was dropped into INCOMING_DIR',
  ),
  DELAYED_NAMES: usual(
    patterns,
    DELAYED_NAMES.join(' '),
    'patterns of names that are still being written: they wait longer, an hour at most',
  ),
  NEVER_SETTLED_AFTER: usual(
    duration,
    '24h',
    'what keeps changing for so long is scanned as it is, and goes to review',
  ),
  // As long as copying one more volume may take to begin.
  VOLUME_WAIT: usual(
    duration,
    '2m',
    'how long the volumes of an archive have to rest before they are taken for all there are',
  ),
  // As long as a slow line may take from one file of a repository to the next.
  SET_WAIT: usual(
    duration,
    '10m',
    'how long a folder that looks like the beginning of a repository has to rest before its files are taken',
  ),
  MASS_WINDOW: usual(
    duration,
    '1h',
    'files of one top folder that arrive within this are judged together for an attack that encrypts',
  ),
  PROVISIONAL_FOR: usual(
    duration,
    '24h',
    'what was approved while an engine was away is held for review after so long',
  ),
  QUARANTINE_PER_RULE: usual(
    integer(1, 1_000_000),
    '100',
    'files that one rule may quarantine in an hour; more are held for review',
  ),
  ESCALATE_AFTER: usual(
    duration,
    '72h',
    'what waits longer for a review is escalated: an event, a metric, never a decision',
  ),
  MIN_FREE: usual(size, '512M', 'with less free space in a folder of ours, nothing new is taken in'),
  SHUTDOWN_WITHIN: usual(duration, '20s', 'what is not finished so long after SIGTERM is handed back'),
  RELEASE_HOOK: optional(
    program,
    'unset: none',
    'program that is told of every approved file: its path is the argument, BACKUPLENS_… its environment',
  ),
  RELEASE_HOOK_WITHIN: usual(duration, '60s', 'a hook that takes longer is ended, and has failed'),
  RELEASE_HOOK_ATTEMPTS: usual(
    integer(1, 100),
    '8',
    'how often a hook that fails is run for one file; then `backuplens status` shows it, and the next start tries again',
  ),
  RELEASE_HOOK_RETRY_AFTER: usual(
    duration,
    '10s',
    'pause before a hook that failed is run again; four times as long every time, six hours at most',
  ),
  SCAN_ROOTS: optional(
    paths,
    'INCOMING_DIR, the scratch folder and the working directory',
    'folders that the yara-scanner may read, separated by :',
  ),
  MAX_UPLOAD_BYTES: usual(size, '5G', 'the largest file that yara-scanner and pipeline take over HTTP'),
  UPLOAD_QUOTA: usual(size, '200G', 'what one token may upload to the pipeline in 24 hours'),
  STORE_URL: secretly(
    url('sqlite:', 'postgres:', 'postgresql:'),
    'unset: SQLite in DATA_DIR',
    'the store; may hold a password',
  ),
  EXPECT_FILE_WITHIN: optional(duration, 'unset: never', 'no new file for so long is an alarm'),
  ALLOW_ANONYMOUS: usual(bool, 'false', 'listen beyond loopback without a token'),
  API_TOKEN: secretly(z.string(), 'unset', "the administrator's token"),
  API_TOKEN_FILE: optional(path, 'unset', "file with the administrator's token"),
  TOKENS_FILE: variable(path, 'tokens.json in DATA_DIR', 'file with named tokens and their roles'),
  GAP_RATE_ALARM: usual(
    integer(1, 100),
    '25',
    'per cent of the files of an hour with gaps that are not tolerated, from which on it is an alarm',
  ),
  WEBHOOK_URL: secretly(url('http://', 'https://'), 'unset', 'where events are posted to'),
  WEBHOOK_FORMAT: usual(eventFormat, 'ecs', 'how events are written there: ecs, ocsf or cef'),
  WEBHOOK_SECRET: secretly(
    z.string(),
    'unset: not signed',
    'what events are signed with there; two with a blank between, while one takes the place of the other',
  ),
  WEBHOOK_SECRET_FILE: optional(path, 'unset', 'file with it'),
  WEBHOOK_TOKEN: secretly(z.string(), 'unset', 'the bearer token that the receiver there wants'),
  WEBHOOK_TOKEN_FILE: optional(path, 'unset', 'file with that token'),
  WEBHOOK_WITHIN: usual(duration, '10s', 'an answer that takes longer has failed'),
  SYSLOG_URL: secretly(
    url('tcp://', 'tls://', 'udp://'),
    'unset',
    'where events are sent to as syslog: tcp://HOST:PORT, tls://, udp://',
  ),
  SYSLOG_FORMAT: usual(eventFormat, 'cef', 'how events are written there: ecs, ocsf or cef'),
  SYSLOG_MAX_BYTES: optional(
    integer(2048, 65_000),
    '8192; 2048 over UDP',
    'the largest message; an event that takes more is sent with fewer details, and says so',
  ),
  CHECKPOINT_FILE: optional(
    path,
    'unset',
    'file, best on another machine, that signed checkpoints of the journal are appended to every hour',
  ),
  EVENTS_FILE: optional(path, 'unset', 'file that events are appended to, one JSON (or CEF) line each'),
  EVENTS_FILE_FORMAT: usual(eventFormat, 'ecs', 'how events are written there: ecs, ocsf or cef'),
  EVENTS_FILE_BYTES: usual(size, '64M', 'where that file would grow beyond, a new one is begun'),
  EVENTS_FILE_KEEP: usual(integer(0, 1000), '5', 'older ones that are kept beside it, .1 the newest'),
  TICKETS: optional(
    z.enum(['github', 'gitlab', 'jira', 'servicenow'], 'github, gitlab, jira or servicenow'),
    'unset',
    'where a ticket is kept for each group of reviews (docs/tickets.md)',
  ),
  TICKETS_URL: secretly(
    url('http://', 'https://'),
    'unset',
    'the repository, project or site whose API keeps them',
  ),
  TICKETS_TOKEN: secretly(z.string(), 'unset', 'the token that it wants'),
  TICKETS_TOKEN_FILE: optional(path, 'unset', 'file with that token'),
  TICKETS_USER: optional(
    z.string().regex(/^[\x21-\x39\x3b-\x7e]{1,200}$/, 'an account'),
    'unset',
    'the account of that token, where it goes with one (Jira in the cloud, ServiceNow)',
  ),
  TICKETS_PROJECT: optional(
    z.string().regex(/^[A-Z][A-Z0-9_]{0,49}$/, 'a project key of Jira'),
    'unset',
    "Jira's project key",
  ),
  TICKETS_TYPE: optional(
    z.string().regex(/^[A-Za-z][A-Za-z0-9 _-]{0,49}$/, 'an issue type, or a table'),
    'Task; incident',
    "Jira's issue type, or ServiceNow's table",
  ),
  TICKETS_TEMPLATE: optional(path, 'our own words', 'file with what a ticket says'),
  TICKETS_WITHIN: usual(duration, '20s', 'an answer that takes longer has failed'),
  MAIL_URL: secretly(
    url('smtp://', 'smtps://'),
    'unset',
    'the mail server: smtp://HOST:PORT, smtps://HOST:PORT',
  ),
  MAIL_USER: optional(z.string(), 'unset', 'the account there'),
  MAIL_PASSWORD: secretly(z.string(), 'unset', 'its password'),
  MAIL_PASSWORD_FILE: optional(path, 'unset', 'file with that password'),
  MAIL_FROM: optional(z.string(), 'unset', 'the address that mail comes from'),
  MAIL_TO: optional(z.string(), 'unset', 'addresses that it goes to, with commas'),
  MAIL_SEVERITY: usual(
    z.enum(['info', 'low', 'medium', 'high', 'critical'], 'info, low, medium, high or critical'),
    'high',
    'the mildest event that is mailed',
  ),
  MAIL_PAUSE: usual(duration, '15m', 'from one letter to the next; what happens meanwhile is in one'),
  MAIL_WITHIN: usual(duration, '30s', 'a mail server that takes longer to answer has failed'),
  EVENTS_PER_MINUTE: usual(
    integer(1, 100_000),
    '600',
    'events of one minute that are told one by one; the others are told together, as a digest',
  ),
  EVENTS_RETRY_MAX: usual(duration, '5m', 'the longest pause before events are tried again'),
  EVENTS_HEARTBEAT: usual(duration, '5m', 'pause between two signs of life to every receiver of events'),
  PRIVACY_OUTBOUND: usual(
    z.enum(['full', 'basename', 'hash'], 'full, basename or hash'),
    'full',
    'what of names goes out with events: paths, last names only, or nothing that can be read',
  ),
  LOG_LEVEL: usual(
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
