import { FINDING_KINDS, GAP_REASONS } from '../domain/index.ts';
import { VARIABLES, type VariableName } from './environment.ts';
import type { EffectiveConfig } from './load.ts';
import type { Secret } from './secret.ts';
import type { Origin, Setting } from './setting.ts';

/** One line of `backuplens config show`. */
export interface ConfigRow {
  /** As it is set: a variable, a flag, or a key of the policy. */
  readonly name: string;
  /** Secrets are redacted. */
  readonly value: string | number | boolean | null | readonly string[];
  readonly origin: Origin;
  readonly doc: string;
}

/** Every effective value and where it came from, in a fixed order. */
export function describeConfig(config: EffectiveConfig): readonly ConfigRow[] {
  return [...settingRows(config), ...policyRows(config)];
}

function settingRows(config: EffectiveConfig): ConfigRow[] {
  const { clamd, yara, limits, passwords, outward } = config;
  const variable = (name: VariableName, setting: Setting<ConfigRow['value']>): ConfigRow => ({
    name,
    ...setting,
    ...(VARIABLES[name].secret && setting.value !== null ? { value: '[redacted]' } : {}),
    doc: VARIABLES[name].doc,
  });
  const flag = (name: string, doc: string, setting: Setting<ConfigRow['value']>): ConfigRow => ({
    name: `--${name}`,
    ...setting,
    doc,
  });
  return [
    variable('SCORING_CONFIG', config.scoringFile),
    flag('strict', 'review what the policy tolerates', config.strict),
    variable('YARA_RULES_DIR', config.rulesDirs),
    {
      name: 'ransomware-names.txt',
      ...config.ransomwareNamesFile,
      doc: 'endings and notes that ransomware is known to give',
    },
    variable('BUNDLE_DIR', config.bundleDir),
    variable('KEYS_DIR', config.keysDir),
    variable('CLAMAV_DB_DIR', config.clamavDbDir),
    variable('KNOWN_BAD_DIR', config.knownBadDir),
    variable('KNOWN_GOOD_DIR', config.knownGoodDir),
    flag('clamd', `${VARIABLES.CLAMD_HOST.doc} (CLAMD_HOST, CLAMD_PORT); tried in this order`, {
      ...clamd,
      value: clamd.value.length === 0 ? 'off' : clamd.value,
    }),
    variable('CLAMD_CANARY', config.clamdCanary),
    variable('CLAMD_CONF', config.clamdConf),
    variable('CLAMAV_UPDATER_URL', config.clamavUpdaterUrl),
    variable('CLAMD_MAX_AGE_DAYS', config.clamdMaxAgeDays),
    flag('yara', `${VARIABLES.YARA_HOST.doc} (YARA_HOST, YARA_PORT)`, {
      ...yara,
      value: yara.value.mode === 'service' ? yara.value.url : yara.value.mode,
    }),
    variable('YARA_TOKEN', redacted(config.yaraToken)),
    variable('YARA_TOKEN_FILE', config.yaraTokenFile),
    variable('YARA_CACHE_DIR', config.yaraCacheDir),
    variable('VERDICT_CACHE', config.verdictCache),
    variable('VERDICT_CACHE_MAX', config.verdictCacheMax),
    variable('VERIFY_SAMPLE', config.verifySample),
    variable('NUM_WORKERS', config.workers),
    flag('max-depth', 'containers within containers', limits.max_depth),
    flag('max-entries', 'members of one tree', limits.max_entries),
    flag(
      'max-unpacked-bytes',
      'bytes unpacked from one tree; null: the larger of 100 GiB and 200 times the input',
      limits.max_unpacked_bytes,
    ),
    flag(
      'max-member-bytes',
      "bytes unpacked of one member; null: only the tree's limit",
      limits.max_member_bytes,
    ),
    flag('max-ratio', 'bytes out per byte in, beyond which it is a bomb', limits.max_ratio),
    flag('max-scan-ms', 'time for one tree, in ms; null: no limit', limits.max_scan_ms),
    flag('password', 'tried on what is encrypted', { ...passwords, value: passwords.value.map(String) }),
    variable('INCOMING_DIR', config.incomingDir),
    variable('QUARANTINE_DIR', config.quarantineDir),
    variable('REVIEW_DIR', config.reviewDir),
    variable('APPROVED_DIR', config.approvedDir),
    variable('DATA_DIR', config.dataDir),
    variable('TMPDIR', config.tmpDir),
    variable('HOST', config.host),
    variable('PORT', config.port),
    variable('SCAN_INTERVAL_MS', config.scanIntervalMs),
    variable('DISPOSITION_UNIT', config.dispositionUnit),
    variable('DELAYED_NAMES', config.delayedNames),
    variable('NEVER_SETTLED_AFTER', inMs(config.neverSettledAfter)),
    variable('VOLUME_WAIT', inMs(config.volumeWait)),
    variable('SET_WAIT', inMs(config.setWait)),
    variable('MASS_WINDOW', inMs(config.massWindow)),
    variable('PROVISIONAL_FOR', inMs(config.provisionalFor)),
    variable('QUARANTINE_PER_RULE', config.quarantinePerRule),
    variable('ESCALATE_AFTER', inMs(config.escalateAfter)),
    variable('MIN_FREE', config.minFree),
    variable('SHUTDOWN_WITHIN', inMs(config.shutdownWithin)),
    variable('RELEASE_HOOK', config.releaseHook),
    variable('RELEASE_HOOK_WITHIN', inMs(config.releaseHookWithin)),
    variable('RELEASE_HOOK_ATTEMPTS', config.releaseHookAttempts),
    variable('RELEASE_HOOK_RETRY_AFTER', inMs(config.releaseHookRetryAfter)),
    variable('SCAN_ROOTS', config.scanRoots),
    variable('RESTORE_ROOTS', config.restoreRoots),
    variable('MAX_UPLOAD_BYTES', config.maxUploadBytes),
    variable('UPLOAD_QUOTA', config.uploadQuota),
    variable('STORE_URL', redacted(config.storeUrl)),
    variable('EXPECT_FILE_WITHIN', inMs(config.expectFileWithin)),
    variable('ALLOW_ANONYMOUS', config.allowAnonymous),
    variable('API_TOKEN', redacted(config.apiToken)),
    variable('API_TOKEN_FILE', config.apiTokenFile),
    variable('TOKENS_FILE', config.tokensFile),
    variable('GAP_RATE_ALARM', config.gapRateAlarm),
    variable('WEBHOOK_URL', redacted(outward.webhookUrl)),
    variable('WEBHOOK_FORMAT', outward.webhookFormat),
    variable('WEBHOOK_SECRET', redacted(outward.webhookSecret)),
    variable('WEBHOOK_SECRET_FILE', outward.webhookSecretFile),
    variable('WEBHOOK_TOKEN', redacted(outward.webhookToken)),
    variable('WEBHOOK_TOKEN_FILE', outward.webhookTokenFile),
    variable('WEBHOOK_WITHIN', inMs(outward.webhookWithin)),
    variable('SYSLOG_URL', redacted(outward.syslogUrl)),
    variable('SYSLOG_FORMAT', outward.syslogFormat),
    variable('SYSLOG_MAX_BYTES', outward.syslogMaxBytes),
    variable('CHECKPOINT_FILE', outward.checkpointFile),
    variable('EVENTS_FILE', outward.eventsFile),
    variable('EVENTS_FILE_FORMAT', outward.eventsFileFormat),
    variable('EVENTS_FILE_BYTES', outward.eventsFileBytes),
    variable('EVENTS_FILE_KEEP', outward.eventsFileKeep),
    variable('TICKETS', outward.tickets.kind),
    variable('TICKETS_URL', redacted(outward.tickets.url)),
    variable('TICKETS_TOKEN', redacted(outward.tickets.token)),
    variable('TICKETS_TOKEN_FILE', outward.tickets.tokenFile),
    variable('TICKETS_USER', outward.tickets.user),
    variable('TICKETS_PROJECT', outward.tickets.project),
    variable('TICKETS_TYPE', outward.tickets.type),
    variable('TICKETS_TEMPLATE', outward.tickets.template),
    variable('TICKETS_WITHIN', inMs(outward.tickets.within)),
    variable('MAIL_URL', redacted(outward.mail.url)),
    variable('MAIL_USER', outward.mail.user),
    variable('MAIL_PASSWORD', redacted(outward.mail.password)),
    variable('MAIL_PASSWORD_FILE', outward.mail.passwordFile),
    variable('MAIL_FROM', outward.mail.from),
    variable('MAIL_TO', outward.mail.to),
    variable('MAIL_SEVERITY', outward.mail.severity),
    variable('MAIL_PAUSE', inMs(outward.mail.pause)),
    variable('MAIL_WITHIN', inMs(outward.mail.within)),
    variable('EVENTS_PER_MINUTE', outward.eventsPerMinute),
    variable('EVENTS_RETRY_MAX', inMs(outward.eventsRetryMax)),
    variable('EVENTS_HEARTBEAT', inMs(outward.eventsHeartbeat)),
    variable('PRIVACY_OUTBOUND', outward.privacy),
    variable('LOG_LEVEL', config.logLevel),
    variable('BACKUPLENS_CONTAINER', config.container),
  ];
}

function redacted({ value, origin }: Setting<Secret | null>): Setting<string | null> {
  return { value: value === null ? null : String(value), origin };
}

function inMs({ value, origin }: Setting<number | null>): Setting<string | null> {
  return { value: value === null ? null : `${value}ms`, origin };
}

function policyRows({ policy: { policy, originOf } }: EffectiveConfig): ConfigRow[] {
  const row = (name: string, value: ConfigRow['value'], doc: string): ConfigRow => ({
    name,
    value,
    origin: originOf(name),
    doc,
  });
  return [
    ...FINDING_KINDS.map((kind) => row(`weights.${kind}`, policy.weights[kind], 'points of such a finding')),
    row('thresholds.auto_approve', policy.thresholds.auto_approve, 'approved up to this score'),
    row('thresholds.manual_review', policy.thresholds.manual_review, 'reviewed up to this score'),
    ...GAP_REASONS.flatMap((reason) => [
      row(`gaps.${reason}.root`, policy.gaps[reason].root, 'such a gap in the file that was given'),
      row(`gaps.${reason}.nested`, policy.gaps[reason].nested, 'such a gap in what lies inside it'),
    ]),
    row(
      'gaps.max_uninspected_share',
      policy.max_uninspected_share,
      'share of bytes nobody looked at that is not reviewed',
    ),
    row(
      'yara.weights',
      Object.entries(policy.yara_weights).map(([name, points]) => `${name}: ${points}`),
      'points of single rules, namespaces or tags',
    ),
    row(
      'accept',
      policy.accept.map(
        ({ reason, format, path, until }) =>
          `${reason} of ${format ?? 'any format'} at ${path}${until === null ? '' : ` until ${until}`}`,
      ),
      'gaps that are known and accepted',
    ),
    row(
      'release_provisional',
      policy.release_provisional,
      'release what was approved while an engine was away',
    ),
  ];
}
