import { resolve } from 'node:path';
import { BackupLensError, inWords } from '../domain/index.ts';
import type { Given } from './environment.ts';
import { loadMail, mailSettings, type MailConfig, type MailSettings } from './outward-mail.ts';
import { loadTickets, ticketsSettings, type TicketsConfig, type TicketsSettings } from './outward-tickets.ts';
import { readSmallFile } from './read-small-file.ts';
import { secret, type Secret } from './secret.ts';
import { firstOf, type Setting } from './setting.ts';
import { readToken } from './token.ts';

type EventFormat = 'ecs' | 'ocsf' | 'cef';

/** What is told outside, to whom and how. Times are in ms, sizes in bytes. */
export interface OutwardConfig {
  readonly webhookUrl: Setting<Secret | null>;
  readonly webhookFormat: Setting<EventFormat>;
  readonly webhookSecret: Setting<Secret | null>;
  readonly webhookSecretFile: Setting<string | null>;
  readonly webhookToken: Setting<Secret | null>;
  readonly webhookTokenFile: Setting<string | null>;
  readonly webhookWithin: Setting<number>;
  readonly syslogUrl: Setting<Secret | null>;
  readonly syslogFormat: Setting<EventFormat>;
  /** null: as the way there has it. */
  readonly syslogMaxBytes: Setting<number | null>;
  /** Signed checkpoints of the journal. */
  readonly checkpointFile: Setting<string | null>;
  readonly eventsFile: Setting<string | null>;
  readonly eventsFileFormat: Setting<EventFormat>;
  readonly eventsFileBytes: Setting<number>;
  readonly eventsFileKeep: Setting<number>;
  readonly tickets: TicketsConfig;
  readonly mail: MailConfig;
  readonly eventsPerMinute: Setting<number>;
  readonly eventsRetryMax: Setting<number>;
  readonly eventsHeartbeat: Setting<number>;
  readonly privacy: Setting<'full' | 'basename' | 'hash'>;
}

const MINUTE_MS = 60_000;

export function loadOutward(cwd: string, given: Given): OutwardConfig {
  const path = (setting: Setting<string> | null): Setting<string | null> =>
    firstOf<string | null>(
      null,
      setting === null ? null : { ...setting, value: resolve(cwd, setting.value) },
    );
  return {
    webhookUrl: secret(given.WEBHOOK_URL),
    webhookFormat: firstOf<EventFormat>('ecs', given.WEBHOOK_FORMAT),
    webhookSecret: secret(given.WEBHOOK_SECRET),
    webhookSecretFile: path(given.WEBHOOK_SECRET_FILE),
    webhookToken: secret(given.WEBHOOK_TOKEN),
    webhookTokenFile: path(given.WEBHOOK_TOKEN_FILE),
    webhookWithin: firstOf(10_000, given.WEBHOOK_WITHIN),
    syslogUrl: secret(given.SYSLOG_URL),
    syslogFormat: firstOf<EventFormat>('cef', given.SYSLOG_FORMAT),
    syslogMaxBytes: firstOf<number | null>(null, given.SYSLOG_MAX_BYTES),
    checkpointFile: path(given.CHECKPOINT_FILE),
    eventsFile: path(given.EVENTS_FILE),
    eventsFileFormat: firstOf<EventFormat>('ecs', given.EVENTS_FILE_FORMAT),
    eventsFileBytes: firstOf(64 * 2 ** 20, given.EVENTS_FILE_BYTES),
    eventsFileKeep: firstOf(5, given.EVENTS_FILE_KEEP),
    tickets: loadTickets(given, path),
    mail: loadMail(given, path),
    eventsPerMinute: firstOf(600, given.EVENTS_PER_MINUTE),
    eventsRetryMax: firstOf(5 * MINUTE_MS, given.EVENTS_RETRY_MAX),
    eventsHeartbeat: firstOf(5 * MINUTE_MS, given.EVENTS_HEARTBEAT),
    privacy: firstOf<'full' | 'basename' | 'hash'>('full', given.PRIVACY_OUTBOUND),
  };
}

/** Every receiver that is set, with its secrets read from their files. */
export interface OutwardSettings {
  readonly webhook: {
    readonly url: string;
    readonly format: EventFormat;
    /** All of them sign. */
    readonly secrets: readonly string[];
    readonly token: string | null;
    readonly within_ms: number;
  } | null;
  readonly syslog: {
    readonly url: string;
    readonly format: EventFormat;
    readonly max_bytes: number | null;
  } | null;
  readonly file: {
    readonly path: string;
    readonly format: EventFormat;
    readonly max_bytes: number;
    readonly keep: number;
  } | null;
  readonly tickets: TicketsSettings | null;
  readonly mail: MailSettings | null;
}

/** Throws BL_CONFIG, which shows no secret. */
export function outwardSettings(config: OutwardConfig): OutwardSettings {
  const { webhookUrl, syslogUrl, eventsFile } = config;
  return {
    webhook:
      webhookUrl.value === null
        ? null
        : {
            url: webhookUrl.value.reveal(),
            format: config.webhookFormat.value,
            secrets: signingSecrets(config),
            token: readToken('WEBHOOK_TOKEN', {
              token: config.webhookToken.value?.reveal() ?? null,
              file: config.webhookTokenFile.value,
            }),
            within_ms: config.webhookWithin.value,
          },
    syslog:
      syslogUrl.value === null
        ? null
        : {
            url: syslogUrl.value.reveal(),
            format: config.syslogFormat.value,
            max_bytes: config.syslogMaxBytes.value,
          },
    file:
      eventsFile.value === null
        ? null
        : {
            path: eventsFile.value,
            format: config.eventsFileFormat.value,
            max_bytes: config.eventsFileBytes.value,
            keep: config.eventsFileKeep.value,
          },
    tickets: ticketsSettings(config.tickets),
    mail: mailSettings(config.mail),
  };
}

const MAX_SECRET_BYTES = 4096;
const MAX_SECRETS = 2;
/** Fewer can be tried out by whoever has one signed event. */
const LEAST_SECRET_CHARACTERS = 16;

function signingSecrets({ webhookSecret, webhookSecretFile }: OutwardConfig): readonly string[] {
  const file = webhookSecretFile.value;
  const name = file === null ? 'WEBHOOK_SECRET' : 'WEBHOOK_SECRET_FILE';
  let text = webhookSecret.value?.reveal() ?? null;
  if (file !== null) {
    try {
      text = readSmallFile(file, MAX_SECRET_BYTES).toString();
    } catch (cause) {
      const where = JSON.stringify(file.slice(0, 300));
      throw new BackupLensError('BL_CONFIG', `${name}: ${where} cannot be read: ${inWords(cause)}`, {
        hint: 'name a file with the secret and nothing else',
        cause,
      });
    }
  }
  if (text === null) return [];
  const secrets = text.trim().split(/\s+/);
  const good = secrets.every((one) => /^[\x21-\x7e]+$/.test(one) && one.length >= LEAST_SECRET_CHARACTERS);
  if (good && secrets.length <= MAX_SECRETS) return secrets;
  throw new BackupLensError(
    'BL_CONFIG',
    `${name} is no secret: one or two of at least ${LEAST_SECRET_CHARACTERS} characters of ASCII`,
    { hint: 'make one with: openssl rand -hex 32' },
  );
}
