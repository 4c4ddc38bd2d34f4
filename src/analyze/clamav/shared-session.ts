import { type ClamdConnection, seconds } from './connection.ts';
import type { PatientSocket } from './patient-socket.ts';
import { type Answer, readAnswer } from './reply.ts';
import { FRAME_BYTES, SendBuffer } from './send-buffer.ts';
import type { ClamdTimeouts } from './timeouts.ts';

/** Streams without an answer at a time; MaxThreads is 10 unless somebody sets it. */
const MAX_IN_FLIGHT = 32;
/** Sent in one system call, and waiting to be sent: less than a Unix socket takes at once (Linux: 208 KiB). */
const MAX_UNSENT_BYTES = 128 * 1024;
const MAX_UNREAD_BYTES = 64 * 1024;
/** How often deadlines are looked at: in ms, and in parts of the shortest. */
const LOOK_EVERY_MS = 1000;
const LOOKS_PER_DEADLINE = 4;

const SESSION = Buffer.from('zIDSESSION\0', 'latin1');

/** What became of one stream among others. `unclear`: nothing that is known to be about it; clamd may have seen it. */
export type SharedVerdict =
  | Extract<Answer, { readonly kind: 'clean' | 'found' | 'error' }>
  | { readonly kind: 'late'; readonly detail: string }
  | { readonly kind: 'unclear' };

interface Asked {
  readonly resolve: (verdict: SharedVerdict) => void;
  /** Monotonic, in ms. */
  readonly due: number;
  readonly signal: AbortSignal;
}

/**
 * A session with clamd in which many small streams are on their way at a time: it numbers its answers, which come in any
 * order. What is begun in one turn of the event loop leaves in one system call. Anything odd, late or cut short ends the
 * session and leaves unclear all that was in it: nothing is guessed about whom it meant.
 */
export class SharedSession {
  readonly #connection: ClamdConnection;
  readonly #socket: PatientSocket;
  readonly #timeouts: ClamdTimeouts;
  readonly #onEnd: () => void;
  readonly #asked = new Map<number, Asked>();
  readonly #timer: NodeJS.Timeout;
  #requests: number;
  /** The last request of which every byte has left. */
  #handedOver = 0;
  readonly #gathered = new SendBuffer(SESSION.length + MAX_UNSENT_BYTES);
  #isSending = false;
  #isDue = false;
  #unread: Buffer = Buffer.alloc(0);
  #usedAt = performance.now();
  #open = true;

  /** It owns the connection from now on. */
  constructor(connection: ClamdConnection, timeouts: ClamdTimeouts, onEnd: () => void) {
    this.#connection = connection;
    this.#requests = connection.requestId;
    this.#timeouts = timeouts;
    this.#onEnd = onEnd;
    this.#socket = connection.handOn(
      (data) => this.#onData(data),
      () => this.end(),
    );
    this.#socket.unref();
    const every = Math.min(timeouts.reply_ms, timeouts.idle_ms) / LOOKS_PER_DEADLINE;
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_EVERY_MS, every)).unref();
  }

  get ageMs(): number {
    return this.#connection.ageMs;
  }

  /** It can take another stream of so many bytes now. */
  takes(bytes: number): boolean {
    const unsent = this.#socket.writableLength + this.#gathered.length;
    return this.#open && this.#asked.size < MAX_IN_FLIGHT && unsent + FRAME_BYTES + bytes <= MAX_UNSENT_BYTES;
  }

  /** Sends a copy of `bytes` (1 at least) as one whole stream. After an abort nobody waits for the answer. */
  async judge(bytes: Buffer, signal: AbortSignal): Promise<SharedVerdict> {
    const id = ++this.#requests;
    if (id === 1) this.#gathered.add(SESSION);
    this.#gathered.addStream(bytes);
    this.#sendSoon();
    const { promise, resolve } = Promise.withResolvers<SharedVerdict>();
    this.#usedAt = performance.now();
    if (this.#asked.size === 0) this.#socket.ref();
    this.#asked.set(id, { resolve, due: this.#usedAt + this.#timeouts.reply_ms, signal });
    const onAbort = () => {
      resolve(UNCLEAR);
      if ([...this.#asked.values()].every((asked) => asked.signal.aborted)) this.end();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const verdict = await promise;
    signal.removeEventListener('abort', onAbort);
    return verdict;
  }

  /** Lets go at once. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    this.#connection.destroy();
    for (const { resolve } of this.#asked.values()) resolve(UNCLEAR);
    this.#asked.clear();
    this.#onEnd();
  }

  #sendSoon(): void {
    if (this.#isDue || this.#isSending) return;
    this.#isDue = true;
    setImmediate(() => this.#send());
  }

  /** One thing at a time: what comes while it is on its way leaves together, after it. */
  #send(): void {
    this.#isDue = false;
    if (!this.#open) return;
    const last = this.#requests;
    const bytes = this.#gathered.take();
    this.#isSending = true;
    this.#socket.write(bytes, () => {
      this.#isSending = false;
      this.#gathered.giveBack(bytes);
      if (this.#socket.writeFailure !== null) return this.end();
      this.#handedOver = last;
      if (this.#gathered.length > 0) this.#sendSoon();
    });
  }

  #onData(data: Buffer): void {
    const all = this.#unread.length === 0 ? data : Buffer.concat([this.#unread, data]);
    const answers = new Map<number, Exclude<SharedVerdict, { readonly kind: 'unclear' }>>();
    let start = 0;
    for (let nul = all.indexOf(0); nul >= 0; nul = all.indexOf(0, start)) {
      const raw = all.subarray(start, nul);
      start = nul + 1;
      const id = Number.parseInt(raw.toString('latin1', 0, 12), 10);
      const answer = readAnswer(raw, id);
      const expected = this.#asked.has(id) && id <= this.#handedOver && !answers.has(id);
      // Without its number an answer could be anybody's.
      if (!expected || answer.kind === 'odd' || answer.kind === 'stale') return this.end();
      answers.set(id, answer);
    }
    this.#unread = Buffer.from(all.subarray(start));
    // What ends a line is in another framing than was asked for.
    if (this.#unread.length > MAX_UNREAD_BYTES || this.#unread.at(-1) === 0x0a) return this.end();
    for (const [id, answer] of answers) {
      this.#asked.get(id)?.resolve(answer);
      this.#asked.delete(id);
    }
    if (this.#asked.size === 0) this.#socket.unref();
  }

  /** Requests are due in the order in which they were made. */
  #look(): void {
    const now = performance.now();
    const [first] = this.#asked.values();
    if (first === undefined) {
      if (now - this.#usedAt >= this.#timeouts.idle_ms) this.end();
      return;
    }
    if (now < first.due) return;
    const detail = `it did not answer within ${seconds(this.#timeouts.reply_ms)}`;
    for (const [id, { resolve, due }] of this.#asked) {
      if (now >= due && id <= this.#handedOver) resolve({ kind: 'late', detail });
    }
    this.end();
  }
}

const UNCLEAR: SharedVerdict = { kind: 'unclear' };
