import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { ABOUT_HEADER, aboutHeader, type About } from './about.ts';
import { askWhileBusy } from './ask-while-busy.ts';
import { Breaker } from './breaker.ts';
import { codeOf, exchange, type Answered } from './exchange.ts';
import type { YaraService } from './probe.ts';
import { failed, foundIn, isRefusal, refused, type Found } from './replies.ts';
import { bytesContent, fileContent, jsonContent, UNREADABLE, type Content } from './request-body.ts';
import { parseAbilities, parseError, type Abilities } from './scan-reply.ts';
import type { OpenFile, Reply, ScannerClient, Timeouts } from './scanner-client.ts';
import { SharedFiles, type SharedQuestion } from './shared-files.ts';

/** As many as a pipeline has small artifacts on their way to it. */
const CONNECTIONS = 16;

/** A yara-scanner that somebody else has started, over a few HTTP connections that stay open. */
export class ScannerElsewhere implements ScannerClient {
  /** Made when there is something to send, and what makes it loaded with it. */
  #pool: Promise<Pool> | null = null;
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
  /** It reads files by itself where it proves that it sees them; what those were is not counted. */
  readonly readElsewhere = 0;

  constructor({ url, token }: YaraService, timeouts: Timeouts) {
    this.#timeouts = timeouts;
    this.#breaker = new Breaker(timeouts);
    const { origin, pathname } = new URL(url);
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#origin = origin;
    this.#base = pathname.replace(/\/$/, '');
  }

  async scanBytes(bytes: Buffer, about: About): Promise<Reply> {
    const refusal = this.#breaker.refuses();
    if (refusal !== null) return refusal;
    const { takesBytes } = this.#abilities ?? (await this.#ask());
    return this.#scan('/scan', about, bytesContent(bytes, takesBytes));
  }

  async scanWindow({ fd }: OpenFile, offset: number, length: number, about: About): Promise<Reply> {
    const refusal = this.#breaker.refuses();
    if (refusal !== null) return refusal;
    const { takesBytes, provesFiles } = this.#abilities ?? (await this.#ask());
    const question = provesFiles ? await this.#shared.question(fd, offset, length) : null;
    const byPath = question === null ? null : await this.#scanShared(question, about);
    return byPath ?? this.#scan('/scan', about, fileContent(fd, offset, length, takesBytes));
  }

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
    return new Pool(this.#origin, {
      connections: CONNECTIONS,
      connect: { timeout: connectMs },
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
    });
  }

  /** By path; null when the scanner has not proven that it sees the file: then it has to be sent. */
  async #scanShared(question: SharedQuestion, about: About): Promise<Reply | null> {
    const answer = await this.#post('/scan-file', about, jsonContent(question.window));
    if ('reply' in answer) return answer.reply;
    const { statusCode, text } = answer;
    if (statusCode === 200) {
      const reply: Found = foundIn(text);
      const file = reply.ok ? (reply.file ?? null) : null;
      return this.#shared.proven(question, file) ? reply : null;
    }
    // Without its engine or its rules, in a hurry or overdue: sending it would change nothing.
    if (!ELSEWHERE.has(parseError(text).code ?? '')) return refused(statusCode, text);
    this.#shared.unseen(question.dev);
    return null;
  }

  async #scan(path: string, about: About, content: Content): Promise<Reply> {
    const answer = await this.#post(path, about, content);
    if ('reply' in answer) return answer.reply;
    return answer.statusCode === 200 ? foundIn(answer.text) : refused(answer.statusCode, answer.text);
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

  #post(path: string, about: About, { type, body, length }: Content): Promise<Answered | Silent> {
    const headers = {
      ...this.#headers,
      'content-type': type,
      'content-length': String(length),
      [ABOUT_HEADER]: aboutHeader(about),
    };
    const options = { path: this.#base + path, method: 'POST', headers } as const;
    return askWhileBusy<Answered | Silent>(this.#timeouts.busyMs, this.#closed.signal, async () => {
      const answer = await this.#exchange(options, body);
      if ('reply' in answer) return { answer, busy: false };
      this.#breaker.answered();
      const busy = answer.statusCode === 503 && parseError(answer.text).code === 'busy';
      return { answer, busy };
    });
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

  #failed(error: unknown, code: string, beforeTheFirstByte: boolean): Reply {
    if (code === UNREADABLE) {
      // A body is read once somebody is there to take it.
      this.#breaker.answered();
      return { ok: false, reason: 'unreadable', detail: 'it could not be read again for YARA' };
    }
    // Only somebody else's program may be away.
    const away = isRefusal(code) && beforeTheFirstByte;
    const reply = failed(error, code, away ? 'engine_unavailable' : 'engine_failed');
    this.#breaker.failed(reply, isRefusal(code));
    return reply;
  }
}

/** No answer came; what that means. */
interface Silent {
  readonly reply: Reply;
}

/** What a scanner says that does not see a file as we do, or not at all. */
const ELSEWHERE = new Set(['another_file', 'not_found', 'not_allowed', 'bad_request', 'unreadable']);
