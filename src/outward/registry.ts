import type { Sink } from './sink.ts';
import { eventsFile, type EventsFileSettings } from './sinks/events-file.ts';
import { syslog, type SyslogSettings } from './sinks/syslog.ts';
import { mail, type MailSettings } from './mail/mail.ts';
import { tickets, type TicketSettings } from './tickets/tickets.ts';
import { webhook, type WebhookSettings } from './sinks/webhook.ts';

/** Where events go, as it is set; null: not there. */
export interface OutwardSinks {
  readonly webhook: WebhookSettings | null;
  readonly syslog: SyslogSettings | null;
  readonly file: EventsFileSettings | null;
  readonly mail: MailSettings | null;
  readonly tickets: Omit<TicketSettings, 'standing'> | null;
}

/** What sinks ask of the store. */
export type Knows = Pick<TicketSettings, 'standing'>;

/** Every kind of sink there is, one line each: from its settings, or null where it is not set. */
const SINKS: readonly ((settings: OutwardSinks, knows: Knows) => Promise<Sink> | Sink | null)[] = [
  (settings) => (settings.webhook === null ? null : webhook(settings.webhook)),
  (settings) => (settings.syslog === null ? null : syslog(settings.syslog)),
  (settings) => (settings.file === null ? null : eventsFile(settings.file)),
  (settings) => (settings.mail === null ? null : mail(settings.mail)),
  (settings, knows) => (settings.tickets === null ? null : tickets({ ...settings.tickets, ...knows })),
];

/** Those that are set. Throws BL_CONFIG for an address that cannot be meant. */
export async function openSinks(settings: OutwardSinks, knows: Knows): Promise<readonly Sink[]> {
  const open: Sink[] = [];
  try {
    for (const make of SINKS) {
      const sink = await make(settings, knows);
      if (sink !== null) open.push(sink);
    }
  } catch (error) {
    for (const sink of open) await sink.close();
    throw error;
  }
  return open;
}
