import { BackupLensError } from '../domain/index.ts';
import type { PlainSettings } from './plain-settings.ts';
import { readToken } from './token.ts';

type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';

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
export function mailSettings(config: PlainSettings): MailSettings | null {
  if (config.mailUrl.value === null) return null;
  const from = config.mailFrom.value;
  const to = (config.mailTo.value ?? '').split(',').map((one) => one.trim());
  if (from === null || config.mailTo.value === null || to.length > MAX_RECEIVERS) {
    throw new BackupLensError('BL_CONFIG', 'MAIL_URL is set without MAIL_FROM and MAIL_TO', {
      hint: `MAIL_FROM=backup@example.org MAIL_TO=ops@example.org,security@example.org (at most ${MAX_RECEIVERS})`,
    });
  }
  return {
    url: config.mailUrl.value.reveal(),
    user: config.mailUser.value,
    password: readToken('MAIL_PASSWORD', {
      token: config.mailPassword.value?.reveal() ?? null,
      file: config.mailPasswordFile.value,
    }),
    from,
    to,
    severity: config.mailSeverity.value,
    pause_ms: config.mailPause.value,
    within_ms: config.mailWithin.value,
  };
}
