import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { HEADER_BYTES, MAX_ANSWER_BYTES, header } from './engine-wire.ts';

export interface EngineAnswer {
  readonly kind: number;
  readonly about: Buffer;
  readonly payload: Buffer;
}

interface Expected {
  readonly maxAnswerBytes?: number;
  /** Told of everything that comes; true when it was not the answer but something on the way. */
  readonly onProgress?: (message: EngineAnswer) => boolean;
}

const NONE = Buffer.alloc(0);

/** The front's side of one engine or compile process: one question at a time, and how it ended. */
export class EngineChild {
  readonly #process: ChildProcess;
  readonly #socket: Duplex;
  readonly #maxAnswerBytes: number;
  readonly #onProgress: Expected['onProgress'];
  #parts: Buffer[] = [];
  #received = 0;
  /** Of the message that is arriving; null until its header is there. */
  #expected: number | null = null;
  #waiting: ((answer: EngineAnswer | null) => void) | null = null;
  #over = false;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;

  /** `process` was started with a pipe at descriptor 3. `onEnd` is called once, after the last answer. */
  constructor(
    process: ChildProcess,
    onEnd: () => void,
    { maxAnswerBytes = MAX_ANSWER_BYTES, onProgress }: Expected = {},
  ) {
    this.#process = process;
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#onProgress = onProgress;
    const socket = process.stdio[3];
    if (!(socket instanceof Duplex)) throw new TypeError('descriptor 3 is no pipe');
    this.#socket = socket;
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', () => this.kill());
    this.ended = new Promise((resolve) => {
      const ended = (): void => {
        if (this.#over) return;
        this.#over = true;
        this.#socket.destroy();
        this.#settle(null);
        onEnd();
        resolve();
      };
      process.on('error', ended);
      process.on('exit', ended);
    });
  }

  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  /** Resolves to null when the process ends before it has answered. Only one at a time. */
  ask(kind: number, payload: readonly Buffer[], about: Buffer = NONE): Promise<EngineAnswer | null> {
    if (this.#over) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      const bytes = payload.reduce((sum, { length }) => sum + length, 0);
      this.#socket.cork();
      this.#socket.write(header(kind, about.length, bytes));
      if (about.length > 0) this.#socket.write(about);
      for (const piece of payload) this.#socket.write(piece);
      this.#socket.uncork();
    });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** It ends by itself when it is not in a scan; `kill` is for when it does not. */
  hangUp(): void {
    this.#socket.end();
  }

  #receive(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#received += chunk.length;
    while (this.#received >= HEADER_BYTES) {
      if (this.#expected === null) {
        const head = this.#joined();
        this.#expected = HEADER_BYTES + head.readUInt32LE(1) + head.readUInt32LE(5);
        if (this.#expected > this.#maxAnswerBytes) return this.kill();
      }
      if (this.#received < this.#expected) return;
      const message = this.#joined();
      const rest = message.subarray(this.#expected);
      const payloadAt = HEADER_BYTES + message.readUInt32LE(1);
      const answer = {
        kind: message.readUInt8(0),
        about: message.subarray(HEADER_BYTES, payloadAt),
        payload: message.subarray(payloadAt, this.#expected),
      };
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#received = rest.length;
      this.#expected = null;
      if (this.#onProgress?.(answer) === true) continue;
      this.#settle(answer);
    }
  }

  #joined(): Buffer {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined) return only;
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }

  #settle(answer: EngineAnswer | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(answer);
  }
}
