import { aboutJson, type About } from './about.ts';
import { askWhileBusy } from './ask-while-busy.ts';
import { Breaker } from './breaker.ts';
import { codeOf } from './exchange.ts';
import { ASKED, SAID } from './frames.ts';
import { PrivateConnection } from './private-connection.ts';
import { failed, foundIn, isRefusal, refused } from './replies.ts';
import { parseError } from './scan-reply.ts';
import type { OpenFile, Reply, ScannerClient, Timeouts } from './scanner-client.ts';

/** The yara-scanner that we started: it must be there, and reads our open files by itself. */
export class OwnScanner implements ScannerClient {
  readonly #socketPath: string;
  readonly #timeouts: Timeouts;
  readonly #breaker: Breaker<Reply>;
  readonly #closed = new AbortController();
  #connection: PrivateConnection | null = null;
  readElsewhere = 0;

  constructor(socketPath: string, timeouts: Timeouts) {
    this.#socketPath = socketPath;
    this.#timeouts = timeouts;
    this.#breaker = new Breaker(timeouts);
  }

  scanBytes(bytes: Buffer, about: About): Promise<Reply> {
    return this.#scan(ASKED.bytes, about, bytes);
  }

  scanWindow({ fd, dev, ino, size }: OpenFile, offset: number, length: number, about: About): Promise<Reply> {
    this.readElsewhere += length;
    const path = `/proc/${process.pid}/fd/${fd}`;
    const window = { path, offset, length, dev: String(dev), ino: String(ino), size };
    return this.#scan(ASKED.window, about, Buffer.from(JSON.stringify(window)));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#connection?.destroy();
  }

  async #scan(kind: number, about: About, payload: Buffer): Promise<Reply> {
    const refusal = this.#breaker.refuses();
    if (refusal !== null) return refusal;
    const told = aboutJson(about);
    try {
      const said = await askWhileBusy(this.#timeouts.busyMs, this.#closed.signal, async () => {
        const answer = await this.#connected().ask(kind, told, payload);
        this.#breaker.answered();
        const busy = answer.kind === SAID.refused && parseError(answer.text).code === 'busy';
        return { answer, busy };
      });
      return said.kind === SAID.found ? foundIn(said.text) : refused(null, said.text);
    } catch (error) {
      const code = codeOf(error);
      const reply = failed(error, code, 'engine_failed');
      this.#breaker.failed(reply, isRefusal(code));
      return reply;
    }
  }

  #connected(): PrivateConnection {
    if (this.#connection?.broken === false && !this.#closed.signal.aborted) return this.#connection;
    this.#connection = new PrivateConnection(this.#socketPath, this.#timeouts);
    if (this.#closed.signal.aborted) this.#connection.destroy();
    return this.#connection;
  }
}
