import { EngineDied } from '../trouble.ts';
import { endThread, giveBack, takeThread } from './pool.ts';
import {
  CELL,
  CONTROL_CELLS,
  SLOTS,
  SLOT_BYTES,
  type Ending,
  type Input,
  type Job,
  type Message,
} from './protocol.ts';

/** Default ceiling of the program's memory: a dictionary of 384 MiB still fits. */
const MEMORY_BYTES = 512 * 1024 * 1024;

/** The archive's bytes: where they can be read at any place, or as they stream past. */
export type Bytes =
  Exclude<Input, { kind: 'ring' }> | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Buffer> };

export interface Task {
  readonly task: Job['task'];
  readonly type: string | null;
  readonly password?: string | null;
  readonly provenBy?: number;
  readonly enough?: number;
  readonly bytes: Bytes;
  readonly signal: AbortSignal;
}

/**
 * One run of 7-Zip as the main thread sees it: messages one at a time, the last is the ending. `close` must be
 * called, whatever happened: it ends the thread when its job is not done.
 */
export class Run {
  readonly #shared = new SharedArrayBuffer(CONTROL_CELLS * 4);
  readonly #control = new Int32Array(this.#shared);
  readonly #queue: Message[] = [];
  readonly #signal: AbortSignal;
  readonly #thread: Awaited<ReturnType<typeof takeThread>>;
  #taken = 0;
  #wake: (() => void) | null = null;
  #failure: { error: unknown } | null = null;
  #ending: Ending | null = null;
  #closed = false;
  #feeding: Promise<void> = Promise.resolve();
  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason);
  };

  static async start(task: Task): Promise<Run> {
    task.signal.throwIfAborted();
    return new Run(await takeThread(), task);
  }

  private constructor(thread: Awaited<ReturnType<typeof takeThread>>, task: Task) {
    this.#thread = thread;
    this.#signal = task.signal;
    thread.hear = (message) => {
      this.#queue.push(message);
      this.#wake?.();
    };
    thread.died = (error) => {
      this.#fail(new EngineDied(`7-Zip died: ${error.message}`));
    };
    task.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (task.signal.aborted) this.#onAbort();
    let input: Input;
    if (task.bytes.kind === 'stream') {
      const slots = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
      input = { kind: 'ring', slots };
      this.#feeding = this.#feed(task.bytes.chunks, new Uint8Array(slots)).catch((error: unknown) => {
        this.#fail(error);
      });
    } else input = task.bytes;
    const job: Job = {
      task: task.task,
      type: task.type,
      password: task.password ?? null,
      provenBy: task.provenBy ?? -1,
      enough: task.enough ?? Infinity,
      input,
      control: this.#shared,
      memoryBytes: MEMORY_BYTES,
    };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    thread.worker.postMessage(job);
  }

  /** The next message. Throws when time is up, the thread died or the archive's bytes broke off. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) {
        if (message.kind === 'end') this.#ending = message;
        else {
          this.#taken++;
          Atomics.store(this.#control, CELL.taken, this.#taken);
          Atomics.notify(this.#control, CELL.taken);
        }
        return message;
      }
      if (this.#failure !== null) throw this.#failure.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Nobody wants more of this member: its bytes are dropped where they are made. */
  unwanted(number: number): void {
    Atomics.store(this.#control, CELL.unwanted, number + 1);
  }

  /** Runs to the end, for tasks that only answer. */
  async ending(): Promise<Ending> {
    for (;;) {
      const message = await this.next();
      if (message.kind === 'end') return message;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    Atomics.notify(this.#control, CELL.drained);
    if (this.#ending === null) await endThread(this.#thread);
    else await giveBack(this.#thread);
    await this.#feeding;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  /** Copies the archive's bytes into the ring, never more than it holds. */
  async #feed(chunks: AsyncIterable<Buffer>, slots: Uint8Array): Promise<void> {
    const control = this.#control;
    let filled = 0;
    try {
      for await (const chunk of chunks) {
        for (let from = 0; from < chunk.length; from += SLOT_BYTES) {
          if (!(await this.#freeSlot(filled))) return;
          const part = chunk.subarray(from, from + SLOT_BYTES);
          const slot = filled % SLOTS;
          slots.set(part, slot * SLOT_BYTES);
          Atomics.store(control, CELL.lengths + slot, part.length);
          Atomics.store(control, CELL.filled, ++filled);
          Atomics.notify(control, CELL.filled);
        }
      }
    } finally {
      Atomics.store(control, CELL.inputEnded, 1);
      Atomics.notify(control, CELL.filled);
    }
  }

  /** Waits for room in the ring; false when the run is over and nobody reads any more. */
  async #freeSlot(filled: number): Promise<boolean> {
    for (;;) {
      if (this.#closed || this.#failure !== null) return false;
      const drained = Atomics.load(this.#control, CELL.drained);
      if (filled - drained < SLOTS) return true;
      const wait = Atomics.waitAsync(this.#control, CELL.drained, drained, 1000);
      if (wait.async) await wait.value;
    }
  }
}
