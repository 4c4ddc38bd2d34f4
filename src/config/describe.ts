import { FINDING_KINDS, GAP_REASONS } from '../domain/index.ts';
import { VARIABLES, type VariableName } from './environment.ts';
import type { EffectiveConfig } from './load.ts';
import { plainSetting, type PlainName } from './plain-settings.ts';
import { Secret } from './secret.ts';
import type { Origin, Setting } from './setting.ts';
import { duration } from './value-kinds.ts';

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
  const { clamd, yara, limits, passwords } = config;
  const variable = (name: VariableName, setting: Setting<ConfigRow['value']>): ConfigRow => ({
    name,
    ...setting,
    doc: VARIABLES[name].doc,
  });
  const plain = (name: PlainName): ConfigRow => {
    const { value, origin } = plainSetting(config, name);
    return variable(name, { value: shown(name, value), origin });
  };
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
    plain('CLAMD_CANARY'),
    plain('CLAMD_CONF'),
    plain('CLAMAV_UPDATER_URL'),
    plain('CLAMD_MAX_AGE_DAYS'),
    flag('yara', `${VARIABLES.YARA_HOST.doc} (YARA_HOST, YARA_PORT)`, {
      ...yara,
      value: yara.value.mode === 'service' ? yara.value.url : yara.value.mode,
    }),
    plain('YARA_TOKEN'),
    plain('YARA_TOKEN_FILE'),
    variable('YARA_CACHE_DIR', config.yaraCacheDir),
    variable('VERDICT_CACHE', config.verdictCache),
    plain('VERDICT_CACHE_MAX'),
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
    plain('REVIEW_DIR'),
    plain('APPROVED_DIR'),
    variable('DATA_DIR', config.dataDir),
    variable('TMPDIR', config.tmpDir),
    variable('HOST', config.host),
    plain('PORT'),
    plain('SCAN_INTERVAL_MS'),
    plain('DISPOSITION_UNIT'),
    plain('DELAYED_NAMES'),
    plain('NEVER_SETTLED_AFTER'),
    plain('VOLUME_WAIT'),
    plain('SET_WAIT'),
    plain('MASS_WINDOW'),
    plain('PROVISIONAL_FOR'),
    plain('QUARANTINE_PER_RULE'),
    plain('ESCALATE_AFTER'),
    plain('MIN_FREE'),
    plain('SHUTDOWN_WITHIN'),
    plain('RELEASE_HOOK'),
    plain('RELEASE_HOOK_WITHIN'),
    plain('RELEASE_HOOK_ATTEMPTS'),
    plain('RELEASE_HOOK_RETRY_AFTER'),
    plain('SCAN_ROOTS'),
    plain('RESTORE_ROOTS'),
    plain('MAX_UPLOAD_BYTES'),
    plain('UPLOAD_QUOTA'),
    plain('STORE_URL'),
    plain('EXPECT_FILE_WITHIN'),
    plain('ALLOW_ANONYMOUS'),
    plain('API_TOKEN'),
    plain('API_TOKEN_FILE'),
    variable('TOKENS_FILE', config.tokensFile),
    plain('GAP_RATE_ALARM'),
    plain('WEBHOOK_URL'),
    plain('WEBHOOK_FORMAT'),
    plain('WEBHOOK_SECRET'),
    plain('WEBHOOK_SECRET_FILE'),
    plain('WEBHOOK_TOKEN'),
    plain('WEBHOOK_TOKEN_FILE'),
    plain('WEBHOOK_WITHIN'),
    plain('SYSLOG_URL'),
    plain('SYSLOG_FORMAT'),
    plain('SYSLOG_MAX_BYTES'),
    plain('CHECKPOINT_FILE'),
    plain('EVENTS_FILE'),
    plain('EVENTS_FILE_FORMAT'),
    plain('EVENTS_FILE_BYTES'),
    plain('EVENTS_FILE_KEEP'),
    plain('TICKETS'),
    plain('TICKETS_URL'),
    plain('TICKETS_TOKEN'),
    plain('TICKETS_TOKEN_FILE'),
    plain('TICKETS_USER'),
    plain('TICKETS_PROJECT'),
    plain('TICKETS_TYPE'),
    plain('TICKETS_TEMPLATE'),
    plain('TICKETS_WITHIN'),
    plain('MAIL_URL'),
    plain('MAIL_USER'),
    plain('MAIL_PASSWORD'),
    plain('MAIL_PASSWORD_FILE'),
    plain('MAIL_FROM'),
    plain('MAIL_TO'),
    plain('MAIL_SEVERITY'),
    plain('MAIL_PAUSE'),
    plain('MAIL_WITHIN'),
    plain('EVENTS_PER_MINUTE'),
    plain('EVENTS_RETRY_MAX'),
    plain('EVENTS_HEARTBEAT'),
    plain('PRIVACY_OUTBOUND'),
    plain('LOG_LEVEL'),
    variable('BACKUPLENS_CONTAINER', config.container),
  ];
}

/** A time with its unit, and nothing of a secret. */
function shown(name: PlainName, value: unknown): ConfigRow['value'] {
  if (value instanceof Secret) return String(value);
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === 'number') return VARIABLES[name].schema === duration ? `${value}ms` : value;
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
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
