import { createHmac } from 'node:crypto';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BackupLensError, inWords } from '../../domain/index.ts';
import { ENCODERS, MEDIA_TYPES, type EventFormat } from '../encode/encoder.ts';
import type { OutwardEvent } from '../event.ts';
import type { Delivery, Sink } from '../sink.ts';

export interface WebhookSettings {
  readonly url: string;
  readonly format: EventFormat;
  /** Each signs: while one takes the place of the other, both are valid. None: not signed. */
  readonly secrets: readonly string[];
  readonly token: string | null;
  /** From the connection to the head of the answer, in ms. */
  readonly within_ms: number;
}

/** Posted one by one: that many before the cursor is kept. */
const BATCH = 50;
/** Of an answer's body, which nobody reads: what is longer ends the connection. */
const MAX_BODY_BYTES = 64 * 1024;
const BODY_WITHIN_MS = 1000;
/** Refused for now, for all we know: RFC 9110 and 6585. Everything else below 500 is refused for good. */
const FOR_NOW = new Set([408, 425, 429]);
const MAX_RETRY_AFTER_S = 3600;

type Outcome = Delivery & { readonly stale?: boolean };

/** Posts each event to one address. Throws BL_CONFIG. */
export function webhook(settings: WebhookSettings): Sink {
  return new Webhook(settings);
}

class Webhook implements Sink {
  readonly name = 'webhook';
  readonly batch = BATCH;
  readonly #settings: WebhookSettings;
  readonly #url: URL;
  readonly #authorization: string | null;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(settings: WebhookSettings) {
    this.#settings = settings;
    this.#url = new URL(settings.url);
    const { username, password } = this.#url;
    const named = username !== '' || password !== '';
    if (named && settings.token !== null) {
      throw new BackupLensError('BL_CONFIG', 'WEBHOOK_URL holds a name, and WEBHOOK_TOKEN is set as well', {
        hint: 'leave one of them out: both would be the same header',
      });
    }
    const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    if (named) this.#authorization = `Basic ${Buffer.from(basic).toString('base64')}`;
    else this.#authorization = settings.token === null ? null : `Bearer ${settings.token}`;
    this.#url.username = '';
    this.#url.password = '';
    // An agent of its own: what the environment says of proxies does not lead events elsewhere.
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  async deliver(batch: readonly OutwardEvent[], signal: AbortSignal): Promise<Delivery> {
    for (const [delivered, event] of batch.entries()) {
      let outcome = await this.#post(event, signal);
      // The receiver had closed a connection that was kept: that says nothing of this event.
      if (outcome.outcome === 'later' && outcome.stale === true) outcome = await this.#post(event, signal);
      if (outcome.outcome === 'later') return { ...outcome, delivered };
      if (outcome.outcome === 'refused') return { ...outcome, delivered };
    }
    return { outcome: 'done' };
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  /** Never rejects. */
  async #post(event: OutwardEvent, ended: AbortSignal): Promise<Outcome> {
    const { format, within_ms } = this.#settings;
    const body = Buffer.from(ENCODERS[format](event));
    const late = AbortSignal.timeout(within_ms);
    const signal = AbortSignal.any([ended, late]);
    return new Promise((resolve) => {
      const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(this.#url, {
        method: 'POST',
        agent: this.#agent,
        headers: this.#headers(event, body),
        signal,
      });
      request.once('response', (answer) => {
        const outcome = outcomeOf(answer);
        void drained(answer, request).then(() => resolve(outcome));
      });
      request.once('upgrade', (_answer, socket) => {
        socket.destroy();
        resolve(later('it answered with another protocol'));
      });
      request.once('error', (error) => {
        const why = late.aborted ? `no answer within ${within_ms} ms` : inWords(error);
        resolve({ ...later(why), stale: request.reusedSocket && !signal.aborted });
      });
      request.end(body);
    });
  }

  #headers(event: OutwardEvent, body: Buffer): Record<string, string | number> {
    const { format, secrets } = this.#settings;
    const at = Math.floor(Date.now() / 1000);
    const signatures = secrets.map((secret) => `v1=${signatureOf(secret, at, body)}`);
    return {
      'content-type': MEDIA_TYPES[format],
      'content-length': body.length,
      'user-agent': `backuplens/${event.version}`,
      'idempotency-key': event.id,
      'backuplens-event': event.type,
      ...(signatures.length === 0 ? {} : { 'backuplens-signature': [`t=${at}`, ...signatures].join(',') }),
      ...(this.#authorization === null ? {} : { authorization: this.#authorization }),
    };
  }
}

/** Over the time as it stands in the header, a dot, and the bytes of the body. Hexadecimal. */
function signatureOf(secret: string, at: number, body: Buffer): string {
  return createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex');
}

function later(why: string): Extract<Delivery, { outcome: 'later' }> {
  return { outcome: 'later', delivered: 0, why };
}

function outcomeOf({ statusCode: status = 0, headers }: IncomingMessage): Delivery {
  if (status >= 200 && status < 300) return { outcome: 'done' };
  const why = `it answered ${status}`;
  if (status >= 300 && status < 400)
    return { outcome: 'refused', delivered: 0, why: `${why}: redirects are not followed` };
  if (status >= 500 || FOR_NOW.has(status)) {
    const asked = headers['retry-after'] ?? '';
    // The form with a date is rare, and the pause grows by itself.
    const seconds = /^\d{1,9}$/.test(asked) ? Math.min(Number(asked), MAX_RETRY_AFTER_S) : 0;
    return { ...later(why), after_ms: seconds * 1000 };
  }
  return { outcome: 'refused', delivered: 0, why };
}

/** Lets the body pass, so that the connection can be kept; what is too long or too slow ends it. */
async function drained(answer: IncomingMessage, request: ClientRequest): Promise<void> {
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const timer = setTimeout(() => request.destroy(), BODY_WITHIN_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) request.destroy();
    });
    answer.once('end', end).once('close', end).once('error', end);
  });
}
