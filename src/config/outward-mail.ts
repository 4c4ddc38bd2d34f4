import { BackupLensError } from '../domain/index.ts';
import type { Given } from './environment.ts';
import { secret, type Secret } from './secret.ts';
import { firstOf, type Setting } from './setting.ts';
import { readToken } from './token.ts';

type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** Who gets mail. */
export interface MailConfig {
  readonly url: Setting<Secret | null>;
  readonly user: Setting<string | null>;
  readonly password: Setting<Secret | null>;
  readonly passwordFile: Setting<string | null>;
  readonly from: Setting<string | null>;
  readonly to: Setting<string | null>;
  readonly severity: Setting<Severity>;
  readonly pause: Setting<number>;
  readonly within: Setting<number>;
}

type Path = (setting: Setting<string> | null) => Setting<string | null>;

export function loadMail(given: Given, path: Path): MailConfig {
  return {
    url: secret(given.MAIL_URL),
    user: firstOf<string | null>(null, given.MAIL_USER),
    password: secret(given.MAIL_PASSWORD),
    passwordFile: path(given.MAIL_PASSWORD_FILE),
    from: firstOf<string | null>(null, given.MAIL_FROM),
    to: firstOf<string | null>(null, given.MAIL_TO),
    severity: firstOf<Severity>('high', given.MAIL_SEVERITY),
    pause: firstOf(15 * 60_000, given.MAIL_PAUSE),
    within: firstOf(30_000, given.MAIL_WITHIN),
  };
}

export interface MailSettings {
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly severity: Severity;
  readonly pause_ms: number;
  readonly within_ms: number;
}

const MAX_RECEIVERS = 50;

/** null: nobody gets any. Throws BL_CONFIG, which shows no secret. */
export function mailSettings(config: MailConfig): MailSettings | null {
  if (config.url.value === null) return null;
  const from = config.from.value;
  const to = (config.to.value ?? '').split(',').map((one) => one.trim());
  if (from === null || config.to.value === null || to.length > MAX_RECEIVERS) {
    throw new BackupLensError('BL_CONFIG', 'MAIL_URL is set without MAIL_FROM and MAIL_TO', {
      hint: `MAIL_FROM=backup@example.org MAIL_TO=ops@example.org,security@example.org (at most ${MAX_RECEIVERS})`,
    });
  }
  return {
    url: config.url.value.reveal(),
    user: config.user.value,
    password: readToken('MAIL_PASSWORD', {
      token: config.password.value?.reveal() ?? null,
      file: config.passwordFile.value,
    }),
    from,
    to,
    severity: config.severity.value,
    pause_ms: config.pause.value,
    within_ms: config.within.value,
  };
}
