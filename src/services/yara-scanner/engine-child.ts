import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { HEADER_BYTES, MAX_ANSWER_BYTES, header } from './engine-wire.ts';

export interface EngineAnswer {
  readonly kind: number;
  readonly payload: Buffer;
}

/** The front's side of one engine process: one question at a time, and how it ended. */
export class EngineChild {
  readonly #process: ChildProcess;
  readonly #socket: Duplex;
  #parts: Buffer[] = [];
  #received = 0;
  #waiting: ((answer: EngineAnswer | null) => void) | null = null;
  #over = false;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;

  /** `process` was started with a pipe at descriptor 3. `onEnd` is called once, after the last answer. */
  constructor(process: ChildProcess, onEnd: () => void) {
    this.#process = process;
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
  ask(kind: number, payload: Buffer): Promise<EngineAnswer | null> {
    if (this.#over) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.cork();
      this.#socket.write(header(kind, payload.length));
      this.#socket.write(payload);
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
    if (this.#received < HEADER_BYTES) return;
    const [first = chunk] = this.#parts;
    const all = this.#parts.length === 1 || first.length >= HEADER_BYTES ? first : Buffer.concat(this.#parts);
    const length = all.readUInt32LE(1);
    if (length > MAX_ANSWER_BYTES) return this.kill();
    if (this.#received < HEADER_BYTES + length) return;
    const message = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#received = 0;
    this.#settle({
      kind: message.readUInt8(0),
      payload: message.subarray(HEADER_BYTES, HEADER_BYTES + length),
    });
  }

  #settle(answer: EngineAnswer | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(answer);
  }
}
