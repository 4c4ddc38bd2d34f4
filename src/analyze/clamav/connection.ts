import { inWords } from '../../domain/index.ts';
import type { ClamdAddress } from './address.ts';
import { PatientSocket } from './patient-socket.ts';

/** clamd's own lines are below 2 KiB; a signature's name is bounded by nothing. */
const MAX_REPLY_BYTES = 64 * 1024;

/** What came back before a deadline. */
export type Reply =
  | { readonly kind: 'whole'; readonly raw: Buffer }
  | { readonly kind: 'closed'; readonly detail: string; readonly received: Buffer }
  | { readonly kind: 'odd'; readonly detail: string }
  | { readonly kind: 'late' };

/** Nobody listens there, or nobody let us in. */
export interface Refusal {
  readonly refused: string;
}

/** What the system's words for files do not say of sockets. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ENOTSOCK: 'this is no socket',
  EACCES: 'no permission to use the socket',
  EPERM: 'no permission to connect',
};

const NOBODY = () => {};

/**
 * One session with clamd (zIDSESSION), one request at a time. Whatever was odd on it makes it useless for the
 * next request: see `reusable`. Nothing here throws or waits without a deadline.
 */
export class ClamdConnection {
  readonly #socket: PatientSocket;
  #requests = 0;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Index of the reply's NUL in all that was received; -1 while there is none. */
  #terminator = -1;
  #ofLines = false;
  #lastPartGiven = false;
  #answeredEarly = false;
  #stalled = false;
  #closed: string | null = null;
  #open = true;
  #waiting: () => void = NOBODY;
  readonly #since = performance.now();

  private constructor(socket: PatientSocket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => this.#onData(data));
    socket.on('timeout', () => {
      this.#stalled = true;
      this.#waiting();
    });
    socket.on('error', (error) => this.#gone(describe(error)));
    socket.on('end', () => this.#gone('it closed the connection'));
    socket.on('close', () => this.#gone('it closed the connection'));
  }

  static async connect(address: ClamdAddress, deadlineMs: number): Promise<ClamdConnection | Refusal> {
    const socket = new PatientSocket();
    const { promise, resolve } = Promise.withResolvers<ClamdConnection | Refusal>();
    const timer = setTimeout(() => {
      resolve({ refused: `no connection within ${seconds(deadlineMs)}` });
      socket.destroy();
    }, deadlineMs);
    const onError = (error: Error) => resolve({ refused: describe(error) });
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.removeListener('error', onError);
      resolve(new ClamdConnection(socket));
    });
    if (address.kind === 'unix') socket.connect({ path: address.path });
    else socket.connect({ host: address.host, port: address.port, noDelay: true });
    const connected = await promise;
    clearTimeout(timer);
    return connected;
  }

  /** The number that clamd will put before the reply to the request that was begun last. */
  get requestId(): number {
    return this.#requests;
  }

  /** How long it has stood, in ms. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }

  /** It stands, nothing unasked was said on it, and everything sent was taken: good for more. */
  get reusable(): boolean {
    return this.#open && this.#receivedBytes === 0 && this.#socket.writeFailure === null && !this.#stalled;
  }

  /** The reply began before the request's last byte had left. */
  get answeredEarly(): boolean {
    return this.#answeredEarly;
  }

  /** The bytes that begin a request such as INSTREAM; to be sent first. */
  begin(command: string): Buffer {
    this.#requests++;
    this.#lastPartGiven = false;
    this.#answeredEarly = false;
    return Buffer.from(`${this.#requests === 1 ? 'zIDSESSION\0' : ''}z${command}\0`, 'latin1');
  }

  /**
   * Hands all parts over in one system call where they fit, and resolves when the memory they are in is free
   * again. False: nothing more can be sent, and `reply` tells why. `last` marks the end of the request.
   */
  async send(parts: readonly Buffer[], stallMs: number, last: boolean): Promise<boolean> {
    if (!this.reusable) return false;
    const socket = this.#socket;
    const final = parts.length - 1;
    let handedOver = false;
    const onHandedOver = () => {
      handedOver = true;
      this.#waiting();
    };
    socket.cork();
    parts.forEach((part, index) => socket.write(part, index === final ? onHandedOver : undefined));
    this.#lastPartGiven = last;
    socket.uncork();
    if (socket.writableLength > 0) {
      // Node extends this time-out by itself as long as the queue shrinks.
      socket.setTimeout(stallMs);
      await this.#until(() => handedOver || !this.reusable, null);
      socket.setTimeout(0);
    }
    return this.reusable;
  }

  /** Resolves with what came back, at the latest after `deadlineMs`. `lines`: it may hold more than one. */
  async reply(deadlineMs: number, shape: 'line' | 'lines' = 'line'): Promise<Reply> {
    this.#ofLines = shape === 'lines';
    if (this.#stalled) return { kind: 'odd', detail: 'it stopped taking what was sent' };
    await this.#until(() => this.#settled(), deadlineMs);
    return this.#takeReply();
  }

  /** While it is idle it keeps no process alive, and ends after `ms` or at the first sign of anything. */
  idle(ms: number): void {
    this.#waiting = () => this.destroy();
    this.#socket.setTimeout(ms);
    this.#socket.unref();
  }

  busy(): void {
    this.#waiting = NOBODY;
    this.#socket.setTimeout(0);
    this.#socket.ref();
  }

  /**
   * Gives its socket to who sends and reads from now on, with more than one request at a time. Only `requestId`, `ageMs`
   * and `destroy` are left. `onEnd` may come more than once.
   */
  handOn(onData: (data: Buffer) => void, onEnd: () => void): PatientSocket {
    const socket = this.#socket;
    for (const event of ['data', 'timeout', 'error', 'end', 'close']) socket.removeAllListeners(event);
    socket.on('data', onData);
    for (const event of ['error', 'end', 'close']) socket.on(event, onEnd);
    return socket;
  }

  /** Lets go at once; whoever waits here is told that it was closed. */
  destroy(): void {
    this.#gone('the connection was given up');
    this.#socket.destroy();
  }

  #gone(why: string): void {
    this.#open = false;
    this.#closed ??= why;
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    waiting();
  }

  /** One waiter at a time: a request is sent or its reply awaited, never both. */
  async #until(condition: () => boolean, deadlineMs: number | null): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = deadlineMs === null ? undefined : setTimeout(resolve, deadlineMs);
    this.#waiting = () => {
      if (condition()) resolve();
    };
    await promise;
    this.#waiting = NOBODY;
    clearTimeout(timer);
  }

  #onData(data: Buffer): void {
    if (!this.#lastPartGiven || this.#socket.writableLength > 0) this.#answeredEarly = true;
    const nul = this.#terminator < 0 ? data.indexOf(0) : -1;
    if (nul >= 0) this.#terminator = this.#receivedBytes + nul;
    this.#received.push(data);
    this.#receivedBytes += data.length;
    if (this.#receivedBytes > MAX_REPLY_BYTES) this.#socket.destroy();
    this.#waiting();
  }

  #settled(): boolean {
    return (
      !this.#open || this.#terminator >= 0 || this.#endsInNewline() || this.#receivedBytes > MAX_REPLY_BYTES
    );
  }

  /** clamd frames a reply as its command was framed, by a NUL; other servers, and its own "timed out", do not. */
  #endsInNewline(): boolean {
    return !this.#ofLines && this.#received.at(-1)?.at(-1) === 0x0a;
  }

  #takeReply(): Reply {
    if (this.#receivedBytes > MAX_REPLY_BYTES) {
      return { kind: 'odd', detail: `its reply is longer than ${MAX_REPLY_BYTES} bytes` };
    }
    const raw = Buffer.concat(this.#received);
    if (this.#terminator >= 0) {
      if (this.#terminator !== raw.length - 1) return { kind: 'odd', detail: 'it answered more than once' };
      this.#received = [];
      this.#receivedBytes = 0;
      this.#terminator = -1;
      return { kind: 'whole', raw: raw.subarray(0, -1) };
    }
    if (!this.#open || this.#endsInNewline()) {
      return { kind: 'closed', detail: this.#closed ?? 'it answered in another framing', received: raw };
    }
    return { kind: 'late' };
  }
}

function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return REFUSALS[code] ?? inWords(error);
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
