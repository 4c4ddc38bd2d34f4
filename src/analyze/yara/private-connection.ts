import { connect, type Socket } from 'node:net';
import { FrameReader, frameParts, gathered, joined } from './frames.ts';

/** The scanner's, which bounds what a scan is answered to 4 MiB; /health names up to 1,000 rejected rules. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;
/** How often deadlines are looked at, in ms. */
const LOOK_EVERY_MS = 1000;

export interface PrivateAnswer {
  readonly kind: number;
  readonly text: string;
}

interface Asked {
  readonly resolve: (answer: PrivateAnswer) => void;
  readonly reject: (error: Error) => void;
  /** Of performance.now(). */
  readonly due: number;
}

/**
 * A connection to the scanner that we started, with many questions on their way at a time: what is asked in one turn of the
 * event loop leaves in one system call. One that breaks, or says what nobody asked for, fails all that is in it.
 */
export class PrivateConnection {
  readonly #socket: Socket;
  readonly #answerMs: number;
  readonly #reader = new FrameReader({ aboutBytes: 0, payloadBytes: MAX_REPLY_BYTES });
  readonly #asked = new Map<number, Asked>();
  readonly #look: NodeJS.Timeout;
  #lastId = 0;
  #waiting: Buffer[] = [];
  #broken: Error | null = null;

  constructor(socketPath: string, times: { readonly connectMs: number; readonly answerMs: number }) {
    this.#answerMs = times.answerMs;
    this.#socket = connect(socketPath);
    const late = setTimeout(
      () => this.#break(failure('ETIMEDOUT', 'it does not take connections')),
      times.connectMs,
    );
    this.#socket.once('connect', () => clearTimeout(late));
    this.#socket.on('data', (piece: Buffer) => this.#hear(piece));
    this.#socket.on('error', (error) => this.#break(error));
    this.#socket.on('close', () => {
      clearTimeout(late);
      this.#break(failure('ECONNRESET', 'it hung up'));
    });
    this.#look = setInterval(
      () => this.#endWhatIsLate(),
      Math.min(LOOK_EVERY_MS, times.answerMs / 4),
    ).unref();
  }

  /** Nothing can be asked any more. */
  get broken(): boolean {
    return this.#broken !== null;
  }

  /** `payload` stays as it is until this is settled. Rejects with the system's error, or one whose name is TimeoutError. */
  ask(kind: number, about: Buffer, payload: Buffer): Promise<PrivateAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#broken);
      const id = ++this.#lastId;
      this.#asked.set(id, { resolve, reject, due: performance.now() + this.#answerMs });
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push(...frameParts(kind, id, about, payload));
    });
  }

  /** What is still being asked fails. */
  destroy(): void {
    this.#break(failure('ECANCELED', 'it was closed'));
  }

  #send(): void {
    const parts = gathered(this.#waiting);
    this.#waiting = [];
    if (this.#broken !== null) return;
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  #hear(piece: Buffer): void {
    try {
      for (const { kind, id, payload } of this.#reader.read(piece)) {
        const asked = this.#asked.get(id);
        this.#asked.delete(id);
        // Of one that was given up nobody wants to hear; of one that was never asked, it cannot know.
        if (asked !== undefined) asked.resolve({ kind, text: joined(payload).toString() });
        else if (id > this.#lastId) throw new RangeError('it answers what was not asked');
      }
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error('it answers nonsense'));
    }
  }

  /** All have as long, so that the first is due first. */
  #endWhatIsLate(): void {
    const now = performance.now();
    for (const [id, { reject, due }] of this.#asked) {
      if (now < due) return;
      this.#asked.delete(id);
      reject(failure('TimeoutError', 'it does not answer in time'));
    }
  }

  #break(why: Error): void {
    if (this.#broken !== null) return;
    this.#broken = why;
    clearInterval(this.#look);
    this.#socket.destroy();
    for (const { reject } of this.#asked.values()) reject(why);
    this.#asked.clear();
  }
}

function failure(code: string, message: string): Error {
  const error = Object.assign(new Error(message), { code });
  if (code === 'TimeoutError') error.name = code;
  return error;
}
