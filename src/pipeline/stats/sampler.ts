import type { Profiler, Session } from 'node:inspector';
import { IS_BUILT, PROGRAMS } from '../../domain/index.ts';
import { moduleAt } from './built-modules.ts';

/** Between two looks at what the main thread does, in µs: fine enough for seconds, cheap enough for hours. */
const INTERVAL_US = 1000;
/** So often the looks are added up and thrown away: a profile grows with time. */
const FOLD_MS = 10_000;

/** What a process spent from its start to the end of the scan. */
export interface Spent {
  readonly wall_ms: number;
  readonly cpu_ms: number;
  /** Of `cpu_ms`; it is their sum. */
  readonly parts: Readonly<Record<string, number>>;
  readonly idle_ms: number;
}

/**
 * Tells what this process spends its time on, from outside of the code: the JavaScript engine's own sampling of the main
 * thread, brought to the rooms that the code lies in, and scaled to the CPU that the system counted. So nothing is
 * counted twice, the parts add up, and a process that nobody asks does nothing for it.
 */
export class Sampler {
  readonly #session: Session;
  readonly #samples = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  /** Until sampling began: loading the program. */
  readonly #startMs: number;
  readonly #mainBefore: number;

  private constructor(session: Session) {
    this.#session = session;
    this.#startMs = inMs(process.cpuUsage());
    this.#mainBefore = inMs(process.threadCpuUsage());
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    session.post('Profiler.start');
    this.#timer = setInterval(() => {
      this.#fold();
      session.post('Profiler.start');
    }, FOLD_MS);
    this.#timer.unref();
  }

  static async start(): Promise<Sampler> {
    const { Session } = await import('node:inspector');
    return new Sampler(new Session());
  }

  stop(): Spent {
    clearInterval(this.#timer);
    const main = inMs(process.threadCpuUsage()) - this.#mainBefore;
    const all = inMs(process.cpuUsage());
    this.#fold();
    this.#session.disconnect();
    const idle = this.#samples.get(IDLE) ?? 0;
    this.#samples.delete(IDLE);
    const busy = [...this.#samples.values()].reduce((sum, ms) => sum + ms, 0);
    const parts: Record<string, number> = {
      start: this.#startMs,
      // libuv's, libmagic's and 7-Zip's threads, and the engine's own: compiling and collecting garbage.
      threads: Math.max(0, all - this.#startMs - main),
    };
    for (const [part, ms] of this.#samples) parts[part] = busy === 0 ? 0 : (ms / busy) * main;
    return {
      wall_ms: performance.now(),
      cpu_ms: Object.values(parts).reduce((sum, ms) => sum + ms, 0),
      parts,
      idle_ms: idle,
    };
  }

  #fold(): void {
    // Of a session within the same process, the answer is there when `post` returns.
    this.#session.post('Profiler.stop', (_error, answer) => {
      if (answer !== undefined) addSamples(answer.profile, this.#samples);
    });
  }
}

const IDLE = 'idle';
const OTHER = 'other';

/** What the engine says of time that no function spent. */
const NATIVE: Readonly<Record<string, string>> = {
  '(idle)': IDLE,
  '(garbage collector)': 'garbage',
  '(program)': 'runtime',
  '(root)': 'runtime',
};

/** Rooms that are known by another name to who runs a scan. */
const ROOMS: Readonly<Record<string, string>> = { bytes: 'read', intake: 'read' };
/** Of pipeline/, report/ and whatever is too small to be told apart. */
const TOLD = new Set(['identify', 'unpack', 'read', 'report', 'assess']);

const CODE = PROGRAMS.href;

export function addSamples(profile: Profiler.Profile, into: Map<string, number>): void {
  const parts = partsOf(profile.nodes);
  const { samples = [], timeDeltas = [] } = profile;
  for (const [at, id] of samples.entries()) {
    const part = parts.get(id) ?? OTHER;
    into.set(part, (into.get(part) ?? 0) + Math.max(0, timeDeltas[at] ?? 0) / 1000);
  }
}

/** The part of each node: that of its own code, or of whoever called it. */
function partsOf(nodes: readonly Profiler.ProfileNode[]): Map<number, string> {
  const parts = new Map<number, string>();
  // Callers stand before whom they call.
  const callers = new Map<number, number>();
  for (const { id, callFrame, children = [] } of nodes) {
    for (const child of children) callers.set(child, id);
    const caller = parts.get(callers.get(id) ?? -1) ?? 'runtime';
    parts.set(id, partOf(callFrame, caller));
  }
  return parts;
}

function partOf(
  { functionName, url, lineNumber }: Profiler.ProfileNode['callFrame'],
  caller: string,
): string {
  const native = NATIVE[functionName];
  if (native !== undefined) return native;
  if (url.startsWith(CODE)) return roomOf(IS_BUILT ? moduleAt(url, lineNumber) : url.slice(CODE.length));
  if (url.includes('/node_modules/undici/')) return 'yara';
  // The hash is the one thing of crypto that a scan asks for.
  if (url.startsWith('node:internal/crypto/') || (url === '' && HASHING.has(functionName))) return 'hash';
  if (url.startsWith('node:internal/child_process')) return 'messages';
  return caller;
}

const HASHING = new Set(['update', 'digest']);

function roomOf(path: string): string {
  const [room = '', folder = ''] = path.split('/');
  // Each analyzer has a folder of its own.
  if (room === 'analyze') return folder.includes('.') ? OTHER : folder;
  const name = ROOMS[room] ?? room;
  return TOLD.has(name) ? name : OTHER;
}

function inMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
