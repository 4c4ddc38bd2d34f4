import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher, Pool } from 'undici';
import type { YaraMatch } from '../../contracts/index.ts';
import type { GapReason } from '../../domain/index.ts';
import { ABOUT_HEADER } from './about.ts';
import { Breaker, type BreakerTimes } from './breaker.ts';
import { codeOf, exchange, type Answered } from './exchange.ts';
import type { YaraService } from './probe.ts';
import { bytesContent, fileContent, jsonContent, UNREADABLE, type Content } from './request-body.ts';
import { parseAbilities, parseError, parseReply, type Abilities, type ParsedReply } from './scan-reply.ts';
import { SharedFiles, type SharedQuestion } from './shared-files.ts';

/** `socket` is our own child: it shares our files, and its failing is our failing. */
export type Endpoint = { readonly socket: string } | YaraService;

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

/** As many as the pipeline has small artifacts on their way. */
const CONNECTIONS = 16;
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
  readonly #endpoint: Endpoint;
  /** Made when there is something to send, and what makes it loaded with it. */
  #pool: Promise<Pool> | null = null;
  readonly #private: boolean;
  readonly #origin: string;
  readonly #base: string;
  /** With every request. */
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeouts: Timeouts;
  readonly #breaker: Breaker<Reply>;
  readonly #closed = new AbortController();
  readonly #shared = new SharedFiles();
  /** null: not known yet. */
  #abilities: Abilities | null = null;
  #asking: Promise<Abilities> | null = null;

  constructor(endpoint: Endpoint, timeouts: Partial<Timeouts> = {}) {
    this.#timeouts = { ...TIMEOUTS, ...timeouts };
    this.#breaker = new Breaker(this.#timeouts);
    this.#private = 'socket' in endpoint;
    if (this.#private) this.#abilities = { takesBytes: true, provesFiles: false };
    const url = 'socket' in endpoint ? new URL('http://yara-scanner') : new URL(endpoint.url);
    const token = 'socket' in endpoint ? undefined : endpoint.token;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#origin = url.origin;
    this.#base = url.pathname.replace(/\/$/, '');
    this.#endpoint = endpoint;
  }

  async scanBytes(bytes: Buffer, about: string): Promise<Reply> {
    const refused = this.#breaker.refuses();
    if (refused !== null) return refused;
    const { takesBytes } = this.#abilities ?? (await this.#ask());
    return this.#scan('/scan', about, bytesContent(bytes, takesBytes));
  }

  /** `length` bytes of an open file from `offset`. */
  async scanWindow(
    { fd, dev, ino, size }: OpenFile,
    offset: number,
    length: number,
    about: string,
  ): Promise<Reply> {
    const refused = this.#breaker.refuses();
    if (refused !== null) return refused;
    if (this.#private) {
      const path = `/proc/${process.pid}/fd/${fd}`;
      const window = { path, offset, length, dev: String(dev), ino: String(ino), size };
      return this.#scan('/scan-file', about, jsonContent(window));
    }
    const { takesBytes, provesFiles } = this.#abilities ?? (await this.#ask());
    const question = provesFiles ? await this.#shared.question(fd, offset, length) : null;
    const byPath = question === null ? null : await this.#scanShared(question, about);
    return byPath ?? this.#scan('/scan', about, fileContent(fd, offset, length, takesBytes));
  }

  /** What is still being asked ends as failed. */
  async close(): Promise<void> {
    this.#closed.abort();
    await (await this.#pool)?.destroy();
  }

  #connections(): Promise<Pool> {
    return (this.#pool ??= this.#open());
  }

  async #open(): Promise<Pool> {
    const { Pool } = await import('undici');
    const { connectMs, answerMs } = this.#timeouts;
    const socket = 'socket' in this.#endpoint ? { socketPath: this.#endpoint.socket } : {};
    return new Pool(this.#origin, {
      connections: CONNECTIONS,
      connect: { timeout: connectMs, ...socket },
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
    });
  }

  /** By path; null when the scanner has not proven that it sees the file: then it has to be sent. */
  async #scanShared(question: SharedQuestion, about: string): Promise<Reply | null> {
    const answer = await this.#post('/scan-file', about, jsonContent(question.window));
    if ('reply' in answer) return answer.reply;
    const { statusCode, text } = answer;
    if (statusCode === 200) {
      const reply = this.#found(text);
      const file = reply.ok ? (reply.file ?? null) : null;
      return this.#shared.proven(question, file) ? reply : null;
    }
    // Without its engine or its rules, in a hurry or overdue: sending it would change nothing.
    if (!ELSEWHERE.has(parseError(text).code ?? '')) return this.#refused(statusCode, text);
    this.#shared.unseen(question.dev);
    return null;
  }

  async #scan(path: string, about: string, content: Content): Promise<Reply> {
    const answer = await this.#post(path, about, content);
    if ('reply' in answer) return answer.reply;
    return answer.statusCode === 200
      ? this.#found(answer.text)
      : this.#refused(answer.statusCode, answer.text);
  }

  /** What the scanner can do beside what anybody's can. Asked once, when it is there for the first time. */
  #ask(): Promise<Abilities> {
    return (this.#asking ??= this.#askOnce());
  }

  async #askOnce(): Promise<Abilities> {
    const path = `${this.#base}/health`;
    try {
      const options = { path, method: 'GET', headersTimeout: this.#timeouts.connectMs } as const;
      const { statusCode, text } = await exchange(await this.#connections(), {
        ...options,
        headers: this.#headers,
      });
      if (statusCode === 200) this.#abilities = parseAbilities(text);
    } catch {
      // It is away, and the scan that follows says so.
    }
    this.#asking = null;
    return this.#abilities ?? { takesBytes: false, provesFiles: false };
  }

  /** Its answer; a busy scanner is asked again and again for a while. */
  async #post(path: string, about: string, { type, body, length }: Content): Promise<Answered | Silent> {
    const headers = {
      ...this.#headers,
      'content-type': type,
      'content-length': String(length),
      [ABOUT_HEADER]: about,
    };
    const options = { path: this.#base + path, method: 'POST', headers } as const;
    const busyUntil = performance.now() + this.#timeouts.busyMs;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
      const answer = await this.#exchange(options, body);
      if ('reply' in answer) return answer;
      this.#breaker.answered();
      // It has too much to do, so we slow down: nothing is lost as long as somebody waits for it.
      const busy = answer.statusCode === 503 && parseError(answer.text).code === 'busy';
      if (!busy || performance.now() + wait > busyUntil) return answer;
      await delay(wait, undefined, { signal: this.#closed.signal }).catch(() => {});
    }
  }

  /** An answer of the scanner's; or, where there was none, what that means. */
  async #exchange(
    options: Omit<Dispatcher.RequestOptions, 'body'>,
    body: Content['body'],
  ): Promise<Answered | Silent> {
    for (let attempt = 1; ; attempt++) {
      try {
        const content = Buffer.isBuffer(body) ? body : Readable.from(body());
        return await exchange(await this.#connections(), { ...options, body: content });
      } catch (error) {
        const code = codeOf(error);
        // A connection that was idle may have been closed by the other side just now.
        if (attempt === 1 && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'))
          continue;
        return { reply: this.#failed(error, code, attempt === 1) };
      }
    }
  }

  #found(text: string): Reply & Pick<Partial<ParsedReply>, 'file'> {
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
    const hint = status === 401 ? ' (YARA_TOKEN_FILE)' : '';
    return {
      ok: false,
      reason: 'engine_failed',
      detail: `the YARA scanner answered ${status}: ${message}${hint}`,
    };
  }

  #failed(error: unknown, code: string, beforeTheFirstByte: boolean): Reply {
    if (code === UNREADABLE) {
      // A body is read once somebody is there to take it.
      this.#breaker.answered();
      return { ok: false, reason: 'unreadable', detail: 'it could not be read again for YARA' };
    }
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

/** No answer came; what that means. */
interface Silent {
  readonly reply: Reply;
}

/** What a scanner says that does not see a file as we do, or not at all. */
const ELSEWHERE = new Set(['another_file', 'not_found', 'not_allowed', 'bad_request', 'unreadable']);
