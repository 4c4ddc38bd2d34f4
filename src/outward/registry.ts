import type { Sink } from './sink.ts';
import { eventsFile, type EventsFileSettings } from './sinks/events-file.ts';
import { syslog, type SyslogSettings } from './sinks/syslog.ts';
import { webhook, type WebhookSettings } from './sinks/webhook.ts';

/** Where events go, as it is set; null: not there. */
export interface OutwardSinks {
  readonly webhook: WebhookSettings | null;
  readonly syslog: SyslogSettings | null;
  readonly file: EventsFileSettings | null;
}

/** Every kind of sink there is, one line each: from its settings, or null where it is not set. */
const SINKS: readonly ((settings: OutwardSinks) => Promise<Sink> | Sink | null)[] = [
  (settings) => (settings.webhook === null ? null : webhook(settings.webhook)),
  (settings) => (settings.syslog === null ? null : syslog(settings.syslog)),
  (settings) => (settings.file === null ? null : eventsFile(settings.file)),
];

/** Those that are set. Throws BL_CONFIG for an address that cannot be meant. */
export async function openSinks(settings: OutwardSinks): Promise<readonly Sink[]> {
  const open: Sink[] = [];
  try {
    for (const make of SINKS) {
      const sink = await make(settings);
      if (sink !== null) open.push(sink);
    }
  } catch (error) {
    for (const sink of open) await sink.close();
    throw error;
  }
  return open;
}
