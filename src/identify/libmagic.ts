import { Worker } from 'node:worker_threads';
import { programFile } from '../domain/index.ts';
import {
  ANSWERED,
  ASKED,
  IDLE,
  LENGTH,
  MAGIC_BYTES,
  SHARED_BYTES,
  STATE,
  sharedQuestion,
  type SharedQuestion,
} from './libmagic-protocol.ts';

/** Loading takes about 0.1 s, an answer about 0.3 ms; both on a machine that is busy with other things. */
const START_MS = 5_000;
const ANSWER_MS = 2_000;
/** After so many threads that hung, died or never started, unknown files stay unknown. */
const MAX_FAILURES = 3;

/** For tests: another thread in libmagic's place, and how long it may take to start. */
export interface LibmagicOptions {
  readonly thread?: URL;
  readonly startMs?: number;
}

interface Running {
  readonly thread: Worker;
  readonly shared: SharedQuestion;
  answers: number;
}

/**
 * libmagic (WebAssembly, about 45 MB) in a thread of its own: loaded when the first file needs it, asked
 * synchronously with a deadline, replaced when it hangs or dies. Never throws: a failure is `null`.
 */
export class Libmagic {
  readonly #program: URL;
  readonly #startMs: number;
  #running: Running | null = null;
  #failures = 0;

  constructor(options: LibmagicOptions = {}) {
    this.#program = options.thread ?? programFile('identify/libmagic-thread');
    this.#startMs = options.startMs ?? START_MS;
  }

  /** The MIME type by libmagic; null when it does not know, or could not be asked. */
  ask(head: Buffer): string | null {
    if (this.#failures >= MAX_FAILURES) return null;
    const answer = this.#ask(head);
    if (answer === undefined) {
      this.#failures++;
      this.close();
      return null;
    }
    return answer;
  }

  /** False once libmagic has been given up: it could not be started, or died or hung time and again. */
  get usable(): boolean {
    return this.#failures < MAX_FAILURES;
  }

  /** Ends the thread. A later question starts another one. */
  close(): void {
    const thread = this.#running?.thread;
    this.#running = null;
    // Nobody waits for the end of a thread that hangs; it is stopped by force.
    thread?.terminate().catch(() => undefined);
  }

  #ask(head: Buffer): string | null | undefined {
    try {
      this.#running ??= start(this.#program);
    } catch {
      // No thread (the permission model forbids workers, memory is short): types that only libmagic knows stay unknown.
      return undefined;
    }
    const { shared } = this.#running;
    const sample = head.subarray(0, MAGIC_BYTES);
    shared.bytes.set(sample);
    Atomics.store(shared.words, LENGTH, sample.length);
    Atomics.store(shared.words, STATE, ASKED);
    Atomics.notify(shared.words, STATE);
    const deadline = this.#running.answers === 0 ? this.#startMs : ANSWER_MS;
    Atomics.wait(shared.words, STATE, ASKED, deadline);
    if (Atomics.load(shared.words, STATE) !== ANSWERED) return undefined;
    this.#running.answers++;
    const length = Atomics.load(shared.words, LENGTH);
    const mime = Buffer.from(shared.bytes.slice(0, length)).toString('latin1');
    Atomics.store(shared.words, STATE, IDLE);
    return /^[a-z]+\/[\w.+-]{1,100}$/i.test(mime) ? mime.toLowerCase() : null;
  }
}

function start(program: URL): Running {
  const memory = new SharedArrayBuffer(SHARED_BYTES);
  const thread = new Worker(program, {
    workerData: memory,
    name: 'libmagic',
    env: {},
    // Not the parent's: flags such as --input-type belong to its own program.
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
  });
  // It must not keep the process alive, and its death is noticed by the deadline of the next question.
  thread.unref();
  thread.on('error', () => undefined);
  return { thread, shared: sharedQuestion(memory), answers: 0 };
}
