import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Scratch } from '../bytes/index.ts';
import type { FileIdentity } from '../intake/index.ts';
import type { Outcome } from '../analyze/index.ts';
import type {
  Asked,
  FromWorker,
  Job,
  Judged,
  Look,
  RestOfSet,
  Seen,
  SetOutcome,
  Stamp,
  ToWorker,
  TreeOutcome,
  WorkerSetup,
} from './protocol.ts';
import { CODE } from './program-code.ts';
import { residentBytes } from './resident-bytes.ts';
import type { WorkerStats } from './stats/collect.ts';

/** What a worker may hold, in bytes; past it, it is ended. Worker threads' own limits do not bound buffers (FACTS). */
const MEMORY_LIMIT_BYTES = 1024 * 1024 * 1024;
const MEMORY_INTERVAL_MS = 250;
/** Without a sign of life for this long, a worker hangs. Workers speak twice a second. */
const SILENCE_LIMIT_MS = 60_000;
/** What a worker has open anyway: it asks how that is called, to tell an engine elsewhere. */
const OPENED = '/proc/self/fd/*';
/** How long a worker may take until it is ready. */
const START_LIMIT_MS = 30_000;
/** Small files under way in one worker at a time: while one waits for clamd, the next is read. */
const JOBS_PER_WORKER = 4;
/** Files above this size have a worker's attention alone, in bytes. */
const SMALL_BYTES = 1024 * 1024;

/**
 * A start costs a quarter of a second of CPU. One more is started for so much that waits, or when the first has been at it for
 * so long: what is done sooner is done by the first alone.
 */
const WORTH_BYTES = 16 * 1024 * 1024;
const WORTH_FILES = 100;
const WORTH_MS = 300;
/** How long a worker may take to say where its time went. */
const STATS_LIMIT_MS = 5000;
const MAX_LAST_WORDS = 4096; // characters
/** What is kept of a file whose worker may not live to tell all of it: findings and gaps. */
const MAX_SEEN = 50_000;
const ENDED = 'the scan was ended';
/** Of a worker's JavaScript heap; its buffers are watched from outside. */
const MAX_HEAP_MIB = 512;
/** What streams past dies young: a larger nursery only keeps it longer (measured: 170 MiB more over all processes). */
const YOUNG_HEAP_MIB = 2;

const HERE = fileURLToPath(import.meta.url);
const PROGRAM = fileURLToPath(new URL(HERE.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url));
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

/** What workers ask, and what they have to say for the next time. Both throw for what no worker of ours says. */
export interface VerdictBook {
  find(asked: readonly Asked[]): readonly (Outcome | null)[];
  keep(judged: readonly Judged[]): void;
}

/** What came of one file. `lost`: its worker died or hung, even when it had nothing else to do. */
export type PoolOutcome = Exclude<Looked, { readonly type: 'same' }>;
export type Looked =
  | {
      readonly type: 'done';
      readonly outcome: TreeOutcome;
      readonly set?: SetOutcome;
      readonly stamp?: Stamp;
    }
  /** It is one of those that were known (Look.known). */
  | { readonly type: 'same'; readonly sha256: string; readonly stamp: Stamp }
  | { readonly type: 'lost'; readonly why: string; readonly seen: Seen };

interface Task {
  readonly job: Job;
  readonly size: number;
  /** Its worker died while others were in it: it is tried again with a worker of its own. */
  alone: boolean;
  findings: Seen['findings'][number][];
  gaps: Seen['gaps'][number][];
  readonly resolve: (outcome: Looked) => void;
}

export interface RunOptions {
  /** The other parts of an archive. */
  readonly rest?: RestOfSet;
  /** With a worker of its own. */
  readonly alone?: boolean;
  /** As a walk met it. */
  readonly met?: FileIdentity;
}

/** Whoever examines files: the pool, or one that knows what needs no examination. */
export type Workers = Pick<WorkerPool, 'broken' | 'closed' | 'run'>;

interface Worker {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly tasks: Map<number, Task>;
  ready: boolean;
  lastHeard: number;
  bytes: number;
  artifacts: number;
  /** Why we ended it, when we did. */
  ended: string | null;
  /** Told where its time went; null: nobody asked. */
  onStats: ((stats: WorkerStats | null) => void) | null;
  /** The end of what it wrote to standard error: why it ended by itself. */
  lastWords: string;
}

function isUsable({ ready, ended }: Worker): boolean {
  return ready && ended === null;
}

/** It has one that shares it with no other. */
function isWithLarge({ tasks }: Worker): boolean {
  return [...tasks.values()].some(({ alone, size }) => alone || size > SMALL_BYTES);
}

/**
 * The processes that scan. One that dies, hangs or grows too large is replaced; the files that were in it are tried
 * once more, each alone, so that only a file that does it by itself is given up.
 */
export class WorkerPool {
  readonly #options: PoolOptions;
  #setup: PoolOptions['setup'];
  readonly #workers = new Set<Worker>();
  /** Waiting, in the order in which they came: many share a worker, or each needs one for itself. */
  readonly #small: Task[] = [];
  readonly #large: Task[] = [];
  readonly #retries: Task[] = [];
  readonly #watch: NodeJS.Timeout;
  #waitingBytes = 0;
  /** When the first worker was ready, of performance.now(); null: none was so far. */
  #firstReady: number | null = null;
  #nextWorker = 0;
  #nextJob = 0;
  #closing: Promise<void> | null = null;
  #failedStarts = 0;
  #broken: string | null = null;
  #retired = { bytes: 0, artifacts: 0 };
  /** To and from workers. */
  messages = 0;
  /** When the first file was given to one, of performance.now(); null: none was. */
  firstGiven: number | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#setup = options.setup;
    this.#watch = setInterval(() => this.#examineWorkers(), MEMORY_INTERVAL_MS);
    this.#watch.unref();
  }

  /** From now on engines are where this says; files under way are finished with what was said before. */
  renew(setup: PoolOptions['setup']): void {
    this.#setup = setup;
    for (const { child, folder } of this.#workers) {
      if (child.connected) child.send(this.#setupIn(folder));
    }
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
      const task = { job, size, alone: alone || path === null, findings: [], gaps: [], resolve };
      (size > SMALL_BYTES || task.alone ? this.#large : this.#small).push(task);
      this.#waitingBytes += size;
      this.#dispatch();
    });
  }

  /** Why not even one worker can be started; null while they can. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Bytes of given files read so far, and artifacts examined. */
  progress(): { bytes: number; artifacts: number } {
    const sum = { ...this.#retired };
    for (const { bytes, artifacts } of this.#workers) {
      sum.bytes += bytes;
      sum.artifacts += artifacts;
    }
    return sum;
  }

  /** For whoever measures memory. */
  pids(): readonly number[] {
    return [...this.#workers].flatMap(({ child }) => child.pid ?? []);
  }

  /** Where the time of those that are alive went; asked once, when there is nothing more to scan. */
  async stats(): Promise<readonly WorkerStats[]> {
    const asked = [...this.#workers].map(
      (worker) =>
        new Promise<WorkerStats | null>((resolve) => {
          if (!worker.ready || worker.ended !== null || !worker.child.connected) return resolve(null);
          const late = setTimeout(() => resolve(null), STATS_LIMIT_MS);
          worker.onStats = (stats) => {
            clearTimeout(late);
            resolve(stats);
          };
          this.#send(worker, { type: 'stats' });
        }),
    );
    return (await Promise.all(asked)).filter((stats) => stats !== null);
  }

  #send({ child }: Worker, message: ToWorker): void {
    this.messages++;
    child.send(message);
  }

  /** Ends all workers; what is still under way resolves as lost. */
  async close(): Promise<void> {
    this.#closing ??= this.#endAll();
    return this.#closing;
  }

  async #endAll(): Promise<void> {
    clearInterval(this.#watch);
    const gone = [...this.#workers].map(
      ({ child }) => new Promise<void>((resolve) => child.once('close', () => resolve())),
    );
    for (const worker of this.#workers) this.#end(worker, ENDED);
    for (const task of this.#takeAll()) this.#lose(task, ENDED);
    await Promise.all(gone);
  }

  #lose(task: Task, why: string): void {
    task.resolve({ type: 'lost', why, seen: task });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #dispatch(): void {
    if (this.#closing !== null) return;
    while (this.#retries.length > 0) {
      const worker = this.#idleWorker();
      const task = worker === null ? undefined : this.#retries.shift();
      if (worker === null || task === undefined) break;
      this.#give(worker, task);
    }
    while (this.#retries.length === 0 && (this.#giveLarge() || this.#giveSmall()));
  }

  /** What waits, and does not any more. */
  #takeAll(): Task[] {
    this.#waitingBytes = 0;
    return [...this.#retries.splice(0), ...this.#large.splice(0), ...this.#small.splice(0)];
  }

  #giveLarge(): boolean {
    const [next] = this.#large;
    const worker = next === undefined || !this.#largeMayGo(next) ? null : this.#idleWorker();
    if (next === undefined || worker === null) return false;
    this.#large.shift();
    this.#waitingBytes -= next.size;
    this.#give(worker, next);
    return true;
  }

  /** While small files wait, one worker is theirs: a few large archives would keep thousands of them waiting. */
  #largeMayGo({ job }: Task): boolean {
    const [small] = this.#small;
    if (small === undefined) return true;
    const { workers } = this.#options;
    if (workers === 1) return job.id < small.job.id;
    return [...this.#workers].filter(isWithLarge).length < workers - 1;
  }

  #giveSmall(): boolean {
    const [next] = this.#small;
    const worker = next === undefined ? null : this.#workerForSmall();
    if (next === undefined || worker === null) return false;
    this.#small.shift();
    this.#waitingBytes -= next.size;
    this.#give(worker, next);
    return true;
  }

  #workerForSmall(): Worker | null {
    const [large] = this.#large;
    // It waits for a worker of its own: the others are given nothing more until one is idle.
    const draining = large !== undefined && this.#largeMayGo(large);
    if (draining && this.#options.workers === 1) return null;
    const shared = [...this.#workers].filter((worker) => isUsable(worker) && !isWithLarge(worker));
    const [first] = shared;
    if (draining) return first !== undefined && first.tasks.size < JOBS_PER_WORKER ? first : null;
    const idle = this.#idleWorker();
    if (idle !== null) return idle;
    const free = shared.filter(({ tasks }) => tasks.size < JOBS_PER_WORKER);
    return free.toSorted((a, b) => a.tasks.size - b.tasks.size)[0] ?? null;
  }

  #give(worker: Worker, task: Task): void {
    worker.tasks.set(task.job.id, task);
    worker.lastHeard = performance.now();
    this.firstGiven ??= performance.now();
    this.#send(worker, task.job);
  }

  /** One with nothing to do; started when there may be one more. */
  #idleWorker(): Worker | null {
    for (const worker of this.#workers) {
      if (isUsable(worker) && worker.tasks.size === 0) return worker;
    }
    const starting = [...this.#workers].filter(({ ready }) => !ready).length;
    const waiting = this.#small.length + this.#large.length + this.#retries.length;
    const room = this.#workers.size < this.#options.workers && starting < waiting;
    if (room && this.#isWorthOneMore(waiting)) this.#start();
    return null;
  }

  #isWorthOneMore(waiting: number): boolean {
    if (this.#workers.size === 0 || this.#retries.length > 0) return true;
    if (this.#waitingBytes > WORTH_BYTES || waiting > WORTH_FILES) return true;
    return this.#firstReady !== null && performance.now() - this.#firstReady > WORTH_MS;
  }

  #start(): void {
    const { scratch, readable, stdin } = this.#options;
    const folder = scratch.subfolderSync(`worker-${this.#nextWorker++}`);
    const permissions = [
      '--permission',
      '--allow-worker',
      `--allow-fs-write=${folder}`,
      ...[...CODE, folder, OPENED, ...readable].map((path) => `--allow-fs-read=${path}`),
    ];
    const flags = [
      '--disable-warning=ExperimentalWarning',
      `--max-old-space-size=${MAX_HEAP_MIB}`,
      `--max-semi-space-size=${YOUNG_HEAP_MIB}`,
      ...permissions,
      // Its own engine's sampling of what it does; without it nobody connects to a worker.
      ...(this.#setup.stats === true ? ['--allow-inspector'] : []),
    ];
    const child = spawn(process.execPath, [...flags, PROGRAM], {
      env: {},
      stdio: [stdin ? 'inherit' : 'ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    // Not as an argument: passwords would show in the process list.
    child.send(this.#setupIn(folder));
    const worker: Worker = {
      child,
      folder,
      tasks: new Map(),
      ready: false,
      lastHeard: performance.now(),
      bytes: 0,
      artifacts: 0,
      ended: null,
      onStats: null,
      lastWords: '',
    };
    this.#workers.add(worker);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      worker.lastWords = (worker.lastWords + text).slice(-MAX_LAST_WORDS);
    });
    child.on('message', (message: FromWorker) => {
      try {
        this.#hear(worker, message);
      } catch {
        this.#end(worker, 'its worker said what nobody understands'); // It may have been taken over.
      }
    });
    child.on('error', (error) => this.#end(worker, error.message));
    child.once('close', (code, signal) => this.#gone(worker, signal ?? `exit code ${code}`));
  }

  #hear(worker: Worker, message: FromWorker): void {
    worker.lastHeard = performance.now();
    this.messages++;
    if (message.type === 'stats') return worker.onStats?.(message.stats);
    if (message.type === 'ready') {
      worker.ready = true;
      this.#firstReady ??= performance.now();
      this.#failedStarts = 0;
    } else if (message.type === 'alive') {
      worker.bytes = message.bytes;
      worker.artifacts = message.artifacts;
    } else if (message.type === 'ask') {
      const outcomes = this.#options.book?.find(message.asked) ?? [];
      worker.child.send({ type: 'known', id: message.id, outcomes });
      return;
    } else if (message.type === 'judged') {
      this.#options.book?.keep(message.judged);
      return;
    } else {
      const task = worker.tasks.get(message.id);
      if (message.type === 'seen') {
        if (task !== undefined && task.findings.length + task.gaps.length < MAX_SEEN) {
          task.findings.push(...message.seen.findings);
          task.gaps.push(...message.seen.gaps);
        }
        return;
      }
      worker.tasks.delete(message.id);
      const { id: _, ...came } = message;
      task?.resolve(came);
    }
    this.#dispatch();
  }

  #gone(worker: Worker, how: string): void {
    this.#workers.delete(worker);
    worker.onStats?.(null);
    this.#retired.bytes += worker.bytes;
    this.#retired.artifacts += worker.artifacts;
    const error = /^\w*Error.*$/m.exec(worker.lastWords)?.[0];
    const why =
      worker.ended ?? `its worker ended by itself (${how}${error === undefined ? '' : `: ${error}`})`;
    const tasks = [...worker.tasks.values()];
    for (const task of tasks) {
      if (this.#closing !== null || (tasks.length === 1 && task.alone)) this.#lose(task, why);
      else this.#retries.push(Object.assign(task, { alone: true }));
    }
    const hopeless = this.#workers.size === 0 && this.#closing === null;
    if (!worker.ready && ++this.#failedStarts >= 3 && hopeless) this.#giveUp(why);
    this.#dispatch();
  }

  /** Workers that do not even start: nothing can be scanned, and everything that waits says so. */
  #giveUp(why: string): void {
    this.#broken = why;
    for (const task of this.#takeAll()) {
      this.#lose(task, `no worker can be started: ${why}`);
    }
  }

  #examineWorkers(): void {
    const memory = this.#options.memory_limit_bytes ?? MEMORY_LIMIT_BYTES;
    const silence = this.#options.silence_limit_ms ?? SILENCE_LIMIT_MS;
    for (const worker of this.#workers) {
      const quiet = performance.now() - worker.lastHeard;
      if (residentBytes(worker.child.pid) > memory) {
        this.#end(worker, `its worker grew beyond ${Math.round(memory / 1024 / 1024)} MiB of memory`);
      } else if (worker.ready && worker.tasks.size > 0 && quiet > silence) {
        this.#end(worker, `its worker gave no sign of life for ${Math.round(silence / 1000)} s`);
      } else if (!worker.ready && quiet > START_LIMIT_MS) this.#end(worker, 'its worker did not start');
    }
  }

  #end(worker: Worker, why: string): void {
    worker.ended ??= why;
    worker.child.kill('SIGKILL');
  }
}
