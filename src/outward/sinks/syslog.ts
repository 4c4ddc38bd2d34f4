import { hostname } from 'node:os';
import { BackupLensError, inWords } from '../../domain/index.ts';
import type { EventFormat } from '../encode/encoder.ts';
import type { OutwardEvent } from '../event.ts';
import type { Delivery, Sink } from '../sink.ts';
import { messageOf } from './syslog-message.ts';
import { datagrams, stream, type Wire } from './syslog-wire.ts';

export interface SyslogSettings {
  /** tcp://HOST:PORT, tls://HOST[:6514], udp://HOST[:514]. */
  readonly url: string;
  readonly format: EventFormat;
  /** Of one message; null: as the way there has it. */
  readonly max_bytes: number | null;
}

/** RFC 5426 and 5425. For plain TCP there is none that receivers agree on. */
const PORTS: Readonly<Record<string, number | null>> = { 'udp:': 514, 'tls:': 6514, 'tcp:': null };
/** rsyslog takes 8 KiB as delivered; RFC 5424 wants every receiver to take 2 KiB. */
const STREAM_BYTES = 8192;
const DATAGRAM_BYTES = 2048;
const BATCH = 100;
/**
 * Syslog has no receipts: what was written to a connection that then broke may not have been read. So much of the last while is
 * sent again over the next one.
 */
const UNSURE_MS = 3000;
const MAX_UNSURE = 500;

/** Sends each event as a message of RFC 5424. Throws BL_CONFIG. */
export function syslog(settings: SyslogSettings): Sink {
  return new Syslog(settings);
}

class Syslog implements Sink {
  readonly name = 'syslog';
  readonly batch = BATCH;
  readonly #format: EventFormat;
  readonly #maxBytes: number;
  readonly #host = hostname();
  readonly #connect: (signal: AbortSignal) => Promise<Wire>;
  #wire: Wire | null = null;
  #unsure: { readonly message: Buffer; readonly at: number }[] = [];

  constructor({ url, format, max_bytes }: SyslogSettings) {
    const { protocol, host, port } = addressOf(url);
    this.#format = format;
    this.#maxBytes = max_bytes ?? (protocol === 'udp:' ? DATAGRAM_BYTES : STREAM_BYTES);
    this.#connect = async (signal) =>
      protocol === 'udp:'
        ? datagrams({ host, port }, signal)
        : stream({ host, port, tls: protocol === 'tls:' }, signal);
  }

  async deliver(batch: readonly OutwardEvent[], signal: AbortSignal): Promise<Delivery> {
    let delivered = 0;
    try {
      const wire = await this.#open(signal);
      for (const event of batch) {
        const message = messageOf(event, {
          format: this.#format,
          host: this.#host,
          max_bytes: this.#maxBytes,
        });
        await wire.write(message, signal);
        this.#remember(message);
        delivered++;
      }
      // Long enough for a receiver that is going away to say so.
      await wire.settle(signal);
      return { outcome: 'done' };
    } catch (error) {
      this.#wire?.end();
      this.#wire = null;
      // What was written just now is among what is sent again.
      return { outcome: 'later', delivered: signal.aborted ? 0 : delivered, why: inWords(error) };
    }
  }

  async close(): Promise<void> {
    this.#wire?.end();
    this.#wire = null;
  }

  async #open(signal: AbortSignal): Promise<Wire> {
    if (this.#wire?.isBroken === false) return this.#wire;
    this.#wire?.end();
    this.#wire = null;
    const wire = await this.#connect(signal);
    this.#wire = wire;
    for (const { message } of this.#unsure) await wire.write(message, signal);
    return wire;
  }

  #remember(message: Buffer): void {
    const now = performance.now();
    this.#unsure.push({ message, at: now });
    const first = this.#unsure.findIndex(({ at }) => now - at < UNSURE_MS);
    this.#unsure.splice(0, Math.max(first, this.#unsure.length - MAX_UNSURE, 0));
  }
}

function addressOf(url: string): { protocol: string; host: string; port: number } {
  const { protocol, hostname: host, port, pathname, search, hash, username, password } = new URL(url);
  const known = port === '' ? PORTS[protocol] : Number(port);
  const more = [pathname.replace(/^\/$/, ''), search, hash, username, password].join('');
  if (host === '' || known === null || known === undefined || known < 1 || more !== '') {
    throw new BackupLensError(
      'BL_CONFIG',
      'SYSLOG_URL: expected tcp://HOST:PORT, tls://HOST[:PORT] or udp://HOST[:PORT], and nothing more',
      {
        hint: 'of tcp:// the port has to be named: SYSLOG_URL=tcp://syslog.example:514',
      },
    );
  }
  return { protocol, host: host.replace(/^\[|\]$/g, ''), port: known };
}
