import type { Scratch } from '../bytes/index.ts';
import type { Outcome } from '../analyze/index.ts';
import type { Asked, FromWorker, Job, Judged, Look, WorkerSetup } from './protocol.ts';
import type { WorkerStats } from './stats/collect.ts';
import { WaitingTasks } from './waiting-tasks.ts';
import { WorkerProcess } from './worker-process.ts';
import { lose, type Looked, type PoolOutcome, type RunOptions, type Task } from './worker-task.ts';

export type { Looked, PoolOutcome, RunOptions } from './worker-task.ts';

/** What a worker may hold, in bytes; past it, it is ended. Worker threads' own limits do not bound buffers (FACTS). */
const MEMORY_LIMIT_BYTES = 1024 * 1024 * 1024;
const EXAMINE_INTERVAL_MS = 250;
/** Without a sign of life for this long, a worker hangs. Workers speak twice a second. */
const SILENCE_LIMIT_MS = 60_000;
/**
 * A start costs a quarter of a second of CPU. One more is started for so much that waits, or when the first has been at it for
 * so long: what is done sooner is done by the first alone.
 */
const WORTH_BYTES = 16 * 1024 * 1024;
const WORTH_FILES = 100;
const WORTH_MS = 300;
/** Starts in a row without one that came to be ready. */
const MANY_FAILED_STARTS = 3;
/** What is kept of a file whose worker may not live to tell all of it: findings and gaps. */
const MAX_SEEN = 50_000;
const ENDED = 'the scan was ended';

export interface PoolOptions {
  readonly workers: number;
  readonly setup: Omit<WorkerSetup, 'type' | 'scratch' | 'workers'>;
  /** Whether a worker will be asked to read standard input. */
  readonly stdin: boolean;
  readonly scratch: Scratch;
  /** Folders and files that workers may read: what is scanned. */
  readonly readable: readonly string[];
  /** What engines said before; absent: nothing is asked, and nothing is kept. */
  readonly book?: VerdictBook;
  readonly memory_limit_bytes?: number;
  readonly silence_limit_ms?: number;
}

/** What workers ask, and what they have to say for the next time. All throw for what no worker of ours says. */
export interface VerdictBook {
  find(asked: readonly Asked[]): readonly (Outcome | null)[];
  mayKnow(size: number): boolean;
  keep(judged: readonly Judged[]): void;
}

/** Whoever examines files: the pool, or one that knows what needs no examination. */
export type Workers = Pick<WorkerPool, 'broken' | 'closed' | 'run'>;

/**
 * The processes that scan. One that dies, hangs or grows too large is replaced; the files that were in it are tried
 * once more, each alone, so that only a file that does it by itself is given up.
 */
export class WorkerPool {
  readonly #options: PoolOptions;
  #setup: PoolOptions['setup'];
  readonly #workers = new Map<WorkerProcess, { readonly folder: string }>();
  readonly #waiting = new WaitingTasks();
  readonly #watch: NodeJS.Timeout;
  /** When the first worker was ready, of performance.now(); null: none was so far. */
  #firstReady: number | null = null;
  #nextWorker = 0;
  #nextJob = 0;
  #closing: Promise<void> | null = null;
  #failedStarts = 0;
  #broken: string | null = null;
  #retired = { bytes: 0, artifacts: 0, messages: 0 };
  /** When the first file was given to one, of performance.now(); null: none was. */
  firstGiven: number | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#setup = options.setup;
    const limits = {
      memoryBytes: options.memory_limit_bytes ?? MEMORY_LIMIT_BYTES,
      silenceMs: options.silence_limit_ms ?? SILENCE_LIMIT_MS,
    };
    this.#watch = setInterval(() => {
      for (const worker of this.#workers.keys()) worker.examine(limits);
    }, EXAMINE_INTERVAL_MS);
    this.#watch.unref();
  }

  /** From now on engines are where this says; files under way are finished with what was said before. */
  renew(setup: PoolOptions['setup']): void {
    this.#setup = setup;
    for (const [worker, { folder }] of this.#workers) worker.send(this.#setupIn(folder));
  }

  #setupIn(scratch: string): WorkerSetup {
    return { ...this.#setup, type: 'setup', scratch, workers: this.#options.workers };
  }

  /** Nothing will be scanned any more. */
  get closed(): boolean {
    return this.#closing !== null;
  }

  /**
   * Scans one file (or, with a null path, standard input; with a rest, one archive in parts). Never rejects. `size` is
   * only used for scheduling.
   */
  async run(
    path: Uint8Array | null,
    name: string,
    size: number,
    options: RunOptions = {},
  ): Promise<PoolOutcome> {
    const came = await this.look(path, name, size, options);
    if (came.type === 'same') throw new Error('a file is the same as nothing');
    return came;
  }

  /** The same, with a say in how a file is looked at. */
  async look(
    path: Uint8Array | null,
    name: string,
    size: number,
    { rest, alone = false }: RunOptions,
    look?: Look,
  ): Promise<Looked> {
    if (this.#closing !== null) return { type: 'lost', why: ENDED, seen: { findings: [], gaps: [] } };
    return new Promise((resolve) => {
      const job: Job = {
        type: 'scan',
        id: this.#nextJob++,
        path,
        name,
        ...(rest === undefined ? {} : { rest }),
        ...(look === undefined ? {} : { look }),
      };
      this.#waiting.add({ job, size, alone: alone || path === null, findings: [], gaps: [], resolve });
      this.#dispatch();
    });
  }

  /** Why not even one worker can be started; null while they can. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Bytes of given files read so far, and artifacts examined. */
  progress(): { bytes: number; artifacts: number } {
    const { bytes, artifacts } = this.#sum();
    return { bytes, artifacts };
  }

  /** To and from workers. */
  get messages(): number {
    return this.#sum().messages;
  }

  #sum() {
    const sum = { ...this.#retired };
    for (const { bytes, artifacts, messages } of this.#workers.keys()) {
      sum.bytes += bytes;
      sum.artifacts += artifacts;
      sum.messages += messages;
    }
    return sum;
  }

  /** For whoever measures memory. */
  pids(): readonly number[] {
    return [...this.#workers.keys()].flatMap(({ pid }) => pid ?? []);
  }

  /** Where the time of those that are alive went; asked once, when there is nothing more to scan. */
  async stats(): Promise<readonly WorkerStats[]> {
    const stats = await Promise.all([...this.#workers.keys()].map((worker) => worker.stats()));
    return stats.filter((one) => one !== null);
  }

  /** Ends all workers; what is still under way resolves as lost. */
  async close(): Promise<void> {
    this.#closing ??= this.#endAll();
    return this.#closing;
  }

  async #endAll(): Promise<void> {
    clearInterval(this.#watch);
    const gone = [...this.#workers.keys()].map((worker) => worker.gone());
    for (const worker of this.#workers.keys()) worker.end(ENDED);
    for (const task of this.#waiting.takeAll()) lose(task, ENDED);
    await Promise.all(gone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #dispatch(): void {
    if (this.#closing !== null) return;
    while (this.#giveRetry());
    while (this.#waiting.retry === undefined && (this.#giveLarge() || this.#giveSmall()));
  }

  #giveRetry(): boolean {
    return this.#give('retry', this.#waiting.retry === undefined ? null : this.#idleWorker());
  }

  #giveLarge(): boolean {
    const next = this.#waiting.large;
    return this.#give('large', next !== undefined && this.#largeMayGo(next) ? this.#idleWorker() : null);
  }

  #giveSmall(): boolean {
    const next = this.#waiting.small;
    return this.#give('small', next === undefined ? null : this.#workerForSmall(next));
  }

  #give(kind: 'retry' | 'large' | 'small', worker: WorkerProcess | null): boolean {
    const next = this.#waiting[kind];
    if (worker === null || next === undefined) return false;
    this.#waiting.take(kind);
    this.firstGiven ??= performance.now();
    worker.give(next);
    return true;
  }

  /** While small files wait, one worker is theirs: a few large archives would keep thousands of them waiting. */
  #largeMayGo({ job }: Task): boolean {
    const { small } = this.#waiting;
    if (small === undefined) return true;
    const { workers } = this.#options;
    if (workers === 1) return job.id < small.job.id;
    return [...this.#workers.keys()].filter(({ withLarge }) => withLarge).length < workers - 1;
  }

  #workerForSmall({ size }: Task): WorkerProcess | null {
    const { large } = this.#waiting;
    // It waits for a worker of its own: the others are given nothing more until one is idle.
    const draining = large !== undefined && this.#largeMayGo(large);
    if (draining && this.#options.workers === 1) return null;
    if (draining) {
      const first = [...this.#workers.keys()].find((worker) => worker.usable && !worker.withLarge);
      return first?.hasRoomFor(size) === true ? first : null;
    }
    const free = [...this.#workers.keys()].filter((worker) => worker.hasRoomFor(size));
    return this.#idleWorker() ?? free.toSorted((a, b) => a.tasks.size - b.tasks.size)[0] ?? null;
  }

  /** One with nothing to do; started when there may be one more. */
  #idleWorker(): WorkerProcess | null {
    for (const worker of this.#workers.keys()) if (worker.idle) return worker;
    const starting = [...this.#workers.keys()].filter(({ ready }) => !ready).length;
    const room = this.#workers.size < this.#options.workers && starting < this.#waiting.count;
    if (room && this.#isWorthOneMore()) this.#start();
    return null;
  }

  #isWorthOneMore(): boolean {
    if (this.#workers.size === 0 || this.#waiting.retry !== undefined) return true;
    if (this.#waiting.bytes > WORTH_BYTES || this.#waiting.count > WORTH_FILES) return true;
    return this.#firstReady !== null && performance.now() - this.#firstReady > WORTH_MS;
  }

  #start(): void {
    const { scratch, readable, stdin } = this.#options;
    const folder = scratch.subfolderSync(`worker-${this.#nextWorker++}`);
    const worker = new WorkerProcess({
      setup: this.#setupIn(folder),
      stdin,
      readable,
      onMessage: (message) => this.#hear(worker, message),
      onHeard: () => this.#dispatch(),
      onGone: (why) => this.#gone(worker, why),
    });
    this.#workers.set(worker, { folder });
  }

  #hear(worker: WorkerProcess, message: FromWorker): void {
    const { book } = this.#options;
    if (message.type === 'ready') {
      this.#firstReady ??= performance.now();
      this.#failedStarts = 0;
    } else if (message.type === 'ask') {
      worker.send({ type: 'known', id: message.id, outcomes: book?.find(message.asked) ?? [] });
    } else if (message.type === 'ask_size') {
      worker.send({ type: 'known_size', id: message.id, known: book?.mayKnow(message.size) ?? false });
    } else if (message.type === 'judged') book?.keep(message.judged);
    else if (message.type === 'seen') {
      const task = worker.tasks.get(message.id);
      if (task === undefined || task.findings.length + task.gaps.length >= MAX_SEEN) return;
      task.findings.push(...message.seen.findings);
      task.gaps.push(...message.seen.gaps);
    } else if (message.type === 'done' || message.type === 'same') {
      const task = worker.tasks.get(message.id);
      worker.tasks.delete(message.id);
      const { id: _, ...came } = message;
      task?.resolve(came);
    }
  }

  #gone(worker: WorkerProcess, why: string): void {
    this.#workers.delete(worker);
    this.#retired.bytes += worker.bytes;
    this.#retired.artifacts += worker.artifacts;
    this.#retired.messages += worker.messages;
    const tasks = [...worker.tasks.values()];
    for (const task of tasks) {
      if (this.#closing !== null || (tasks.length === 1 && task.alone)) lose(task, why);
      else this.#waiting.again(task);
    }
    const hopeless = this.#workers.size === 0 && this.#closing === null;
    if (!worker.ready && ++this.#failedStarts >= MANY_FAILED_STARTS && hopeless) this.#giveUp(why);
    this.#dispatch();
  }

  /** Workers that do not even start: nothing can be scanned, and everything that waits says so. */
  #giveUp(why: string): void {
    this.#broken = why;
    for (const task of this.#waiting.takeAll()) lose(task, `no worker can be started: ${why}`);
  }
}
