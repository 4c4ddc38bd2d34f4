import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { programFile } from '../domain/index.ts';
import { GatheredMessages } from './gathered-messages.ts';
import { CODE } from './program-code.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.ts';
import { residentBytes } from './resident-bytes.ts';
import type { WorkerStats } from './stats/collect.ts';
import { SMALL_BYTES } from './waiting-tasks.ts';
import type { Task } from './worker-task.ts';

/** What a worker has open anyway: it asks how that is called, to tell an engine elsewhere. */
const OPENED = '/proc/self/fd/*';
/** How long a worker may take until it is ready. */
const START_LIMIT_MS = 30_000;
/**
 * Small files under way in one worker at a time, and their bytes: while some wait for an engine, others are read, and engines are
 * asked about many at once.
 */
const MANY_JOBS = 16;
const MANY_BYTES = 4 * SMALL_BYTES;
/** How long a worker may take to say where its time went. */
const STATS_LIMIT_MS = 5000;
const MAX_LAST_WORDS = 4096; // characters
/** Of a worker's JavaScript heap; its buffers are watched from outside. */
const MAX_HEAP_MIB = 512;
/** What streams past dies young: a larger nursery only keeps it longer (measured: 170 MiB more over all processes). */
const YOUNG_HEAP_MIB = 2;
/**
 * The old heap may double between two collections of everything. Left to itself V8 collects each 10 MiB of buffers or
 * objects, which was a fifth of what a worker did.
 */
const HEAP_GROWING_PERCENT = 100;

const PROGRAM = fileURLToPath(programFile('pipeline/worker'));

export interface ProcessOptions {
  readonly setup: WorkerSetup;
  /** Whether it will be asked to read standard input. */
  readonly stdin: boolean;
  /** Folders and files that it may read: what is scanned. */
  readonly readable: readonly string[];
  /** Throws for what no worker of ours says. */
  readonly onMessage: (message: FromWorker) => void;
  /** All that it said at a time was heard. */
  readonly onHeard: () => void;
  /** It is gone; why, and whether it ever was ready. */
  readonly onGone: (why: string) => void;
}

/** One scan worker: its process, what is in it, and whether it lives. */
export class WorkerProcess {
  readonly tasks = new Map<number, Task>();
  ready = false;
  /** As it said last. */
  bytes = 0;
  artifacts = 0;
  /** Messages to and from it: those of one turn are one. */
  messages = 0;
  readonly #child: ChildProcess;
  readonly #messages: GatheredMessages<ToWorker>;
  #lastHeard = performance.now();
  /** Why we ended it, when we did. */
  #ended: string | null = null;
  /** Told where its time went; null: nobody asked. */
  #onStats: ((stats: WorkerStats | null) => void) | null = null;
  /** The end of what it wrote to standard error: why it ended by itself. */
  #lastWords = '';

  constructor({ setup, stdin, readable, onMessage, onHeard, onGone }: ProcessOptions) {
    const flags = [...FLAGS, ...permissions(setup.scratch, readable)];
    // Its own engine's sampling of what it does; without it nobody connects to a worker.
    if (setup.stats === true) flags.push('--allow-inspector');
    this.#child = spawn(process.execPath, [...flags, PROGRAM], {
      env: {},
      stdio: [stdin ? 'inherit' : 'ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#messages = new GatheredMessages((messages) => {
      if (!this.#child.connected) return;
      this.messages++;
      this.#child.send(messages);
    });
    // Not as an argument: passwords would show in the process list.
    this.send(setup);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-MAX_LAST_WORDS);
    });
    this.#child.on('message', (messages: readonly FromWorker[]) => {
      this.#lastHeard = performance.now();
      this.messages++;
      try {
        for (const message of messages) this.#hear(message, onMessage);
      } catch {
        this.end('its worker said what nobody understands'); // It may have been taken over.
      }
      onHeard();
    });
    this.#child.on('error', (error) => this.end(error.message));
    this.#child.once('close', (code, signal) => {
      this.#onStats?.(null);
      onGone(this.#whyGone(signal ?? `exit code ${code}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get usable(): boolean {
    return this.ready && this.#ended === null;
  }

  get idle(): boolean {
    return this.usable && this.tasks.size === 0;
  }

  /** It has one that shares it with no other. */
  get withLarge(): boolean {
    return [...this.tasks.values()].some(({ alone, size }) => alone || size > SMALL_BYTES);
  }

  /** It may be given one more small one, of so many bytes. */
  hasRoomFor(size: number): boolean {
    if (!this.usable || this.withLarge || this.tasks.size >= MANY_JOBS) return false;
    return [...this.tasks.values()].reduce((sum, task) => sum + task.size, size) <= MANY_BYTES;
  }

  give(task: Task): void {
    this.tasks.set(task.job.id, task);
    this.#lastHeard = performance.now();
    this.send(task.job);
  }

  send(message: ToWorker): void {
    this.#messages.add(message);
  }

  /** Null when it does not say in time. */
  async stats(): Promise<WorkerStats | null> {
    if (!this.usable || !this.#child.connected) return null;
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(null), STATS_LIMIT_MS);
      this.#onStats = (stats) => {
        clearTimeout(late);
        resolve(stats);
      };
      this.send({ type: 'stats' });
    });
  }

  /** Ends it when it holds too much, or gives no sign of life. */
  examine(limits: { readonly memoryBytes: number; readonly silenceMs: number }): void {
    const quiet = performance.now() - this.#lastHeard;
    if (residentBytes(this.pid) > limits.memoryBytes) {
      this.end(`its worker grew beyond ${Math.round(limits.memoryBytes / 1024 / 1024)} MiB of memory`);
    } else if (this.ready && this.tasks.size > 0 && quiet > limits.silenceMs) {
      this.end(`its worker gave no sign of life for ${Math.round(limits.silenceMs / 1000)} s`);
    } else if (!this.ready && quiet > START_LIMIT_MS) this.end('its worker did not start');
  }

  end(why: string): void {
    this.#ended ??= why;
    this.#child.kill('SIGKILL');
  }

  /** Resolves when it is gone. */
  gone(): Promise<void> {
    return new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  #hear(message: FromWorker, onMessage: ProcessOptions['onMessage']): void {
    if (message.type === 'stats') this.#onStats?.(message.stats);
    else if (message.type === 'alive') {
      this.bytes = message.bytes;
      this.artifacts = message.artifacts;
    } else {
      if (message.type === 'ready') this.ready = true;
      onMessage(message);
    }
  }

  #whyGone(how: string): string {
    const error = /^\w*Error.*$/m.exec(this.#lastWords)?.[0];
    return this.#ended ?? `its worker ended by itself (${how}${error === undefined ? '' : `: ${error}`})`;
  }
}

const FLAGS = [
  '--disable-warning=ExperimentalWarning',
  `--max-old-space-size=${MAX_HEAP_MIB}`,
  `--max-semi-space-size=${YOUNG_HEAP_MIB}`,
  `--heap-growing-percent=${HEAP_GROWING_PERCENT}`,
];

function permissions(folder: string, readable: readonly string[]): readonly string[] {
  return [
    '--permission',
    '--allow-worker',
    `--allow-fs-write=${folder}`,
    ...[...CODE, folder, OPENED, ...readable].map((path) => `--allow-fs-read=${path}`),
  ];
}
