import { inWords } from '../../domain/index.ts';

/** The tracker says that it will not have it. */
export class Refused extends Error {}

/** It cannot be asked now; `after_ms`: not before. */
export class Unavailable extends Error {
  readonly after_ms: number;

  constructor(message: string, afterMs = 0) {
    super(message);
    this.after_ms = afterMs;
  }
}

export interface AskOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly within_ms: number;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_RETRY_AFTER_S = 3600;
/** RFC 9110, 6585; GitHub says 403 with `retry-after` or no requests left where it means 429. */
const FOR_NOW = new Set([408, 425, 429]);

/** Asks a tracker's API, without following redirects, and reads its JSON up to 4 MiB. */
export class Asking {
  readonly #options: AskOptions;
  readonly #signal: AbortSignal;

  constructor(options: AskOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The answer's JSON; null where it has none. `missing`: a 404 is null too. */
  async ask(method: string, url: URL, body?: unknown, missing = false): Promise<unknown> {
    const { headers, within_ms } = this.#options;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(within_ms)]);
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(url, {
        method,
        redirect: 'manual',
        signal,
        headers: {
          accept: 'application/json',
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await bounded(answer);
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new Unavailable(signal.aborted ? `no answer within ${within_ms} ms` : inWords(cause));
    }
    if (missing && answer.status === 404) return null;
    if (!answer.ok) throw troubleOf(method, answer);
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch {
      throw new Unavailable(`it answered ${answer.status}, and what is no JSON`); // What it was says nothing.
    }
  }
}

async function bounded({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function troubleOf(method: string, { status, headers }: Response): Refused | Unavailable {
  const why = `it answered ${status} to ${method}`;
  const asked = headers.get('retry-after') ?? '';
  const after = /^\d{1,9}$/.test(asked) ? Math.min(Number(asked), MAX_RETRY_AFTER_S) * 1000 : 0;
  const isLimit = status === 403 && (after > 0 || headers.get('x-ratelimit-remaining') === '0');
  if (status >= 500 || FOR_NOW.has(status) || isLimit) return new Unavailable(why, after);
  return new Refused(status >= 300 && status < 400 ? `${why}: redirects are not followed` : why);
}
