import { read } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Pool, type Dispatcher } from 'undici';
import type { YaraMatch } from '../../contracts/index.ts';
import type { GapReason } from '../../domain/index.ts';
import { ABOUT_HEADER } from './about.ts';
import { Breaker, type BreakerTimes } from './breaker.ts';
import { parseError, parseReply, parseTakesBytes } from './scan-reply.ts';

/** `socket` is our own child: it shares our files, and its failing is our failing. */
export type Endpoint = { readonly socket: string } | { readonly url: string };

export interface Timeouts extends BreakerTimes {
  readonly connectMs: number;
  /** From the last byte sent to the answer: two scan time-outs (an engine may die once) and the wait for an engine. */
  readonly answerMs: number;
  /** How long a scanner with too much to do is asked again and again. */
  readonly busyMs: number;
}
const TIMEOUTS: Timeouts = {
  connectMs: 3000,
  answerMs: 180_000,
  busyMs: 120_000,
  awayMs: 2000,
  longestAwayMs: 30_000,
};
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;

/** A file as we have it open; the scanner must find the same. */
export interface OpenFile {
  readonly fd: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
}

export type Reply =
  | { readonly ok: true; readonly matches: readonly YaraMatch[]; readonly omitted: number }
  | { readonly ok: false; readonly reason: GapReason; readonly detail: string };

const CONNECTIONS = 4;
const MAX_REPLY_BYTES = 8 * 1024 * 1024;
/** Of an upload, read at a time. */
const UPLOAD_CHUNK_BYTES = 1024 * 1024;
const BOUNDARY = 'backuplens-5b0c6a1e';
const PART_HEAD = Buffer.from(
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="artifact"\r\n` +
    'content-type: application/octet-stream\r\n\r\n',
);
const PART_TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
/** Nobody was there: not a byte of the artifact was sent. */
const REFUSED = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Asks one yara-scanner, over a few connections that stay open. Never throws: trouble is a reason. */
export class ScannerClient {
  readonly #pool: Pool;
  readonly #private: boolean;
  readonly #base: string;
  readonly #timeouts: Timeouts;
  readonly #breaker: Breaker<Reply>;
  readonly #closed = new AbortController();
  /** null: not known yet. */
  #takesBytes: boolean | null = null;
  #asking: Promise<boolean> | null = null;

  constructor(endpoint: Endpoint, timeouts: Partial<Timeouts> = {}) {
    this.#timeouts = { ...TIMEOUTS, ...timeouts };
    this.#breaker = new Breaker(this.#timeouts);
    this.#private = 'socket' in endpoint;
    if (this.#private) this.#takesBytes = true;
    const url = 'socket' in endpoint ? new URL('http://yara-scanner') : new URL(endpoint.url);
    this.#base = url.pathname.replace(/\/$/, '');
    this.#pool = new Pool(url.origin, {
      connections: CONNECTIONS,
      connect: {
        timeout: this.#timeouts.connectMs,
        ...('socket' in endpoint ? { socketPath: endpoint.socket } : {}),
      },
      headersTimeout: this.#timeouts.answerMs,
      bodyTimeout: this.#timeouts.answerMs,
    });
  }

  async scanBytes(bytes: Buffer, about: string): Promise<Reply> {
    return this.#post('/scan', about, (asTheyAre) =>
      asTheyAre
        ? { type: BYTES, body: bytes, length: bytes.length }
        : inForm(Buffer.concat([PART_HEAD, bytes, PART_TAIL]), bytes.length),
    );
  }

  /** `length` bytes of an open file from `offset`. */
  async scanWindow(
    { fd, dev, ino, size }: OpenFile,
    offset: number,
    length: number,
    about: string,
  ): Promise<Reply> {
    if (!this.#private) {
      return this.#post('/scan', about, (asTheyAre) =>
        asTheyAre
          ? { type: BYTES, body: () => contents(fd, offset, length), length }
          : inForm(() => form(fd, offset, length), length),
      );
    }
    const path = `/proc/${process.pid}/fd/${fd}`;
    const window = { path, offset, length, dev: String(dev), ino: String(ino), size };
    const body = Buffer.from(JSON.stringify(window));
    return this.#post('/scan-file', about, () => ({ type: 'application/json', body, length: body.length }));
  }

  /**
   * Whether the scanner takes bytes as they are, as ours do; anybody's takes a form, which costs twice as much. Asked
   * once, when it is there for the first time.
   */
  async #askWhatItTakes(): Promise<boolean> {
    const path = `${this.#base}/health`;
    try {
      const options = { path, method: 'GET', headersTimeout: this.#timeouts.connectMs } as const;
      const { statusCode, text } = await exchange(this.#pool, options);
      if (statusCode === 200) this.#takesBytes = parseTakesBytes(text);
    } catch {
      // It is away, and the scan that follows says so.
    }
    this.#asking = null;
    return this.#takesBytes ?? false;
  }

  /** What is still being asked ends as failed. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#pool.destroy();
  }

  async #post(path: string, about: string, content: (asTheyAre: boolean) => Content): Promise<Reply> {
    const refused = this.#breaker.refuses();
    if (refused !== null) return refused;
    const takesBytes = this.#takesBytes ?? (await (this.#asking ??= this.#askWhatItTakes()));
    const { type, body, length } = content(takesBytes);
    const headers = { 'content-type': type, 'content-length': String(length), [ABOUT_HEADER]: about };
    const options = { path: this.#base + path, method: 'POST', headers } as const;
    const busyUntil = performance.now() + this.#timeouts.busyMs;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
      const answer = await this.#exchange(options, body);
      if ('reply' in answer) return answer.reply;
      this.#breaker.answered();
      const { statusCode, text } = answer;
      if (statusCode === 200) return this.#found(text);
      // It has too much to do, so we slow down: nothing is lost as long as somebody waits for it.
      if (parseError(text).code !== 'busy' || performance.now() + wait > busyUntil) {
        return this.#refused(statusCode, text);
      }
      await delay(wait, undefined, { signal: this.#closed.signal }).catch(() => {});
    }
  }

  /** An answer of the scanner's; or, where there was none, what that means. */
  async #exchange(
    options: Omit<Dispatcher.RequestOptions, 'body'>,
    body: Content['body'],
  ): Promise<{ readonly statusCode: number; readonly text: string } | { readonly reply: Reply }> {
    for (let attempt = 1; ; attempt++) {
      try {
        const content = Buffer.isBuffer(body) ? body : Readable.from(body());
        return await exchange(this.#pool, { ...options, body: content });
      } catch (error) {
        const code = codeOf(error);
        // A connection that was idle may have been closed by the other side just now.
        if (attempt === 1 && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'))
          continue;
        return { reply: this.#failed(error, code, attempt === 1) };
      }
    }
  }

  #found(text: string): Reply {
    const found = parseReply(text);
    if (found === null)
      return { ok: false, reason: 'engine_failed', detail: 'the YARA scanner answered nonsense' };
    return { ok: true, ...found };
  }

  #refused(status: number, text: string): Reply {
    const { message, code } = parseError(text);
    if (code === 'no_rules' || (code === null && status === 503 && /no rules/i.test(message))) {
      return { ok: false, reason: 'engine_unavailable', detail: 'no rules are loaded' };
    }
    if (code === 'timed_out' || code === 'changed' || code === 'unreadable') {
      return { ok: false, reason: code, detail: `YARA: ${message}` };
    }
    return { ok: false, reason: 'engine_failed', detail: `the YARA scanner answered ${status}: ${message}` };
  }

  #failed(error: unknown, code: string, beforeTheFirstByte: boolean): Reply {
    if (code === UNREADABLE)
      return { ok: false, reason: 'unreadable', detail: 'it could not be read again for YARA' };
    const refused = REFUSED.has(code);
    // Our own child must be there; only somebody else's program may be away.
    const reason = refused && !this.#private && beforeTheFirstByte ? 'engine_unavailable' : 'engine_failed';
    const what = code || (error instanceof Error ? error.message : 'unknown fault');
    const detail = refused ? `the YARA scanner is away: ${what}` : `the YARA scanner failed: ${what}`;
    const reply: Reply = { ok: false, reason, detail: detail.slice(0, 300) };
    this.#breaker.failed(reply, refused);
    return reply;
  }
}

const BYTES = 'application/octet-stream';
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;
const UNREADABLE = 'BACKUPLENS_UNREADABLE';

/** A request's body; what is not in memory is read again for a second attempt. */
interface Content {
  readonly type: string;
  readonly body: Buffer | (() => AsyncGenerator<Buffer>);
  readonly length: number;
}

function inForm(body: Content['body'], fileBytes: number): Content {
  return { type: MULTIPART, body, length: PART_HEAD.length + fileBytes + PART_TAIL.length };
}

/** One request, and its answer as text. Rejects for an answer that is too long. */
function exchange(
  pool: Pool,
  options: Dispatcher.RequestOptions,
): Promise<{ statusCode: number; text: string }> {
  // Not `pool.request`: its answer is a stream, which costs a quarter of what the client takes for a small file.
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    let statusCode = 0;
    pool.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_controller, status) {
        statusCode = status;
      },
      onResponseData(controller, part) {
        length += part.length;
        if (length > MAX_REPLY_BYTES) controller.abort(new Error('its answer is too long'));
        else parts.push(part);
      },
      onResponseEnd() {
        resolve({ statusCode, text: Buffer.concat(parts, length).toString() });
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    });
  });
}

const readFrom = promisify(read);

async function* form(fd: number, offset: number, length: number): AsyncGenerator<Buffer> {
  yield PART_HEAD;
  yield* contents(fd, offset, length);
  yield PART_TAIL;
}

async function* contents(fd: number, offset: number, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < length;) {
    const chunk = Buffer.allocUnsafe(Math.min(UPLOAD_CHUNK_BYTES, length - at));
    const { bytesRead } = await readFrom(fd, chunk, 0, chunk.length, offset + at).catch(() => ({
      bytesRead: 0,
    }));
    if (bytesRead === 0) throw Object.assign(new Error('became shorter'), { code: UNREADABLE });
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? '' : codeOf(error.cause);
}
