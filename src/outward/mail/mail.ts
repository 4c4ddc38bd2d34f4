import { createTransport, type Transporter } from 'nodemailer';
import { BackupLensError, inWords, isLoopback } from '../../domain/index.ts';
import type { OutwardEvent, Severity } from '../event.ts';
import type { Delivery, Sink } from '../sink.ts';
import { letterOf, SEVERITIES } from './letter.ts';

export interface MailSettings {
  /** smtp://HOST:PORT (STARTTLS where it is offered) or smtps://HOST:PORT. */
  readonly url: string;
  /** null: without signing in. */
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
  /** Milder ones are not mailed. */
  readonly severity: Severity;
  /** From one letter to the next, in ms: what happens meanwhile is in one letter. */
  readonly pause_ms: number;
  readonly within_ms: number;
}

/** Events of one letter. */
const BATCH = 500;

/**
 * E-mail: the first event at once, and what comes in the pause after it in one letter. Throws BL_CONFIG for an address that
 * could be more than one, or a header.
 */
export function mail(settings: MailSettings): Sink {
  return new Mail(settings);
}

class Mail implements Sink {
  readonly name = 'mail';
  readonly batch = BATCH;
  readonly pause_ms: number;
  readonly #settings: MailSettings;
  readonly #transport: Transporter;

  constructor(settings: MailSettings) {
    const { url, user, password, within_ms } = settings;
    for (const address of [settings.from, ...settings.to]) assertAddress(address);
    this.#settings = settings;
    this.pause_ms = settings.pause_ms;
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const secure = protocol === 'smtps:';
    this.#transport = createTransport({
      host,
      port: port === '' ? (secure ? 465 : 587) : Number(port),
      secure,
      // A password never goes in the clear to another machine.
      requireTLS: !secure && user !== null && !isLoopback(host),
      ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
      connectionTimeout: within_ms,
      greetingTimeout: within_ms,
      socketTimeout: within_ms,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  wants({ type, severity }: Pick<OutwardEvent, 'type' | 'severity'>): boolean {
    if (type === 'heartbeat' || type === 'begun') return false;
    return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(this.#settings.severity);
  }

  async deliver(batch: readonly OutwardEvent[], signal: AbortSignal): Promise<Delivery> {
    const [first, ...others] = batch;
    if (first === undefined) return { outcome: 'done' };
    const { from, to } = this.#settings;
    const { subject, text, id } = letterOf([first, ...others]);
    const domain = from.slice(from.lastIndexOf('@') + 1);
    const stop = (): void => this.#transport.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#transport.sendMail({
        from,
        to: [...to],
        subject,
        text,
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        textEncoding: 'quoted-printable',
      });
      return { outcome: 'done' };
    } catch (error) {
      const code = responseOf(error);
      const why = code === null ? inWords(error) : `it answered ${code}`;
      // RFC 5321, 4.2.1: 5xx is for good. A wrong password is for a person to mend, and no fault of this letter.
      const isForGood = code !== null && code >= 500 && code !== 530 && code !== 534 && code !== 535;
      return { outcome: isForGood ? 'refused' : 'later', delivered: 0, why };
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    this.#transport.close();
  }
}

/** One mailbox, without a name: nothing that could be two, or end a line. */
function assertAddress(address: string): void {
  if (/^[^\s<>()[\]\\,;:@"\p{C}]{1,64}@[A-Za-z0-9.-]{1,253}$/u.test(address)) return;
  throw new BackupLensError('BL_CONFIG', `${JSON.stringify(address.slice(0, 100))} is no e-mail address`, {
    hint: 'MAIL_FROM and MAIL_TO take addresses alone, such as ops@example.org; MAIL_TO several with commas',
  });
}

function responseOf(error: unknown): number | null {
  return error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
    ? error.responseCode
    : null;
}
