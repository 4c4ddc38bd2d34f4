import { BackupLensError, inWords } from '../domain/index.ts';
import { mailSettings, type MailSettings } from './outward-mail.ts';
import { ticketsSettings, type TicketsSettings } from './outward-tickets.ts';
import type { PlainSettings } from './plain-settings.ts';
import { readSmallFile } from './read-small-file.ts';
import { readToken } from './token.ts';

type EventFormat = 'ecs' | 'ocsf' | 'cef';

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
export function outwardSettings(config: PlainSettings): OutwardSettings {
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
    tickets: ticketsSettings(config),
    mail: mailSettings(config),
  };
}

const MAX_SECRET_BYTES = 4096;
const MAX_SECRETS = 2;
/** Fewer can be tried out by whoever has one signed event. */
const LEAST_SECRET_CHARACTERS = 16;

function signingSecrets({ webhookSecret, webhookSecretFile }: PlainSettings): readonly string[] {
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
