import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { gathered } from '../../analyze/yara/load-engine.ts';
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

interface EngineQuestion {
  readonly kind: number;
  readonly payload: readonly Buffer[];
  readonly about: Buffer;
}

/** The front's side of one engine or compile process: questions, their answers in the same order, and how it ended. */
export class EngineChild {
  readonly #process: ChildProcess;
  readonly #socket: Duplex;
  readonly #maxAnswerBytes: number;
  readonly #onProgress: Expected['onProgress'];
  #parts: Buffer[] = [];
  #received = 0;
  /** Of the message that is arriving; null until its header is there. */
  #expected: number | null = null;
  /** In the order of the questions. */
  #waiting: ((answer: EngineAnswer | null) => void)[] = [];
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
        for (const waiting of this.#waiting.splice(0)) waiting(null);
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

  /** Resolves to null when the process ends before it has answered. */
  async ask(kind: number, payload: readonly Buffer[], about: Buffer = NONE): Promise<EngineAnswer | null> {
    const [answer = null] = this.askAll([{ kind, payload, about }]);
    return answer;
  }

  /** All in as few system calls as possible; each is answered by itself. */
  askAll(questions: readonly EngineQuestion[]): readonly Promise<EngineAnswer | null>[] {
    if (this.#over) return questions.map(() => Promise.resolve(null));
    const answers = questions.map(
      () => new Promise<EngineAnswer | null>((resolve) => this.#waiting.push(resolve)),
    );
    const parts = questions.flatMap(({ kind, payload, about }) => {
      const bytes = payload.reduce((sum, { length }) => sum + length, 0);
      return [header(kind, about.length, bytes), about, ...payload];
    });
    this.#socket.cork();
    for (const part of gathered(parts)) this.#socket.write(part);
    this.#socket.uncork();
    return answers;
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
    if (this.#received < (this.#expected ?? HEADER_BYTES)) return;
    let rest = this.#joined();
    this.#expected = null;
    while (rest.length >= HEADER_BYTES) {
      const payloadAt = HEADER_BYTES + rest.readUInt32LE(1);
      const end = payloadAt + rest.readUInt32LE(5);
      if (end > this.#maxAnswerBytes) return this.kill();
      if (rest.length < end) {
        this.#expected = end;
        break;
      }
      const answer = {
        kind: rest.readUInt8(0),
        about: rest.subarray(HEADER_BYTES, payloadAt),
        payload: rest.subarray(payloadAt, end),
      };
      rest = rest.subarray(end);
      if (this.#onProgress?.(answer) !== true) this.#waiting.shift()?.(answer);
    }
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#received = rest.length;
  }

  #joined(): Buffer {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined) return only;
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}
