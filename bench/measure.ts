import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { cpuSeconds, descendants, memoryOf } from '../test/kit/process-cost.ts';

/** What one command cost, all its processes together. */
export interface Cost {
  /** User and system time of all its processes, and of clamd meanwhile, in seconds. */
  readonly cpu: number;
  /** clamd's part of it. */
  readonly clamd: number;
  readonly wall: number;
  /** Highest sum over its processes at one moment, in MiB: shared pages divided by their sharers (PSS). */
  readonly pss: number;
  /** The same with shared pages counted in each (RSS). */
  readonly rss: number;
  readonly code: number | null;
  /** The highest PSS of each of its processes, in MiB, the largest first. Only where memory was asked for. */
  readonly processes: readonly { readonly name: string; readonly pss: number }[];
}

/** What changed less than two seconds before it was looked at is read again: the second scan of it would not be one. */
export const SETTLED_MS = 2500;

const SAMPLE_MS = 50;
/** Runs a command, and measures it and everything it starts. `clamd` is the pid of the daemon that it uses. */
export async function measure(
  command: readonly string[],
  clamd: number | null,
  memory = false,
): Promise<Cost> {
  const before = clamd === null ? 0 : cpuSeconds(clamd);
  const started = performance.now();
  // The shell's `times` has what every descendant used, once it was waited for.
  const child = spawn('sh', ['-c', '"$@" >/dev/null 2>&1; echo "code $?" >&3; times >&3', 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stdio[3]?.on('data', (text: Buffer) => (told += text.toString()));
  let pss = 0;
  let rss = 0;
  const peaks = new Map<number, { name: string; pss: number }>();
  const sampler = setInterval(() => {
    if (!memory || child.pid === undefined) return;
    const pids = descendants(child.pid);
    for (const pid of pids) {
      const { name, pss: most } = peaks.get(pid) ?? { name: nameOf(pid), pss: 0 };
      peaks.set(pid, { name, pss: Math.max(most, memoryOf([pid]).pss) });
    }
    const now = memoryOf(pids);
    pss = Math.max(pss, now.pss);
    rss = Math.max(rss, now.rss);
  }, SAMPLE_MS);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(sampler);
  const wall = (performance.now() - started) / 1000;
  const share = clamd === null ? 0 : cpuSeconds(clamd) - before;
  return {
    cpu: timesOf(told) + share,
    clamd: share,
    wall,
    pss,
    rss,
    code: Number(/code (\d+)/.exec(told)?.[1]),
    processes: [...peaks.values()].filter(({ name }) => name !== '').toSorted((a, b) => b.pss - a.pss),
  };
}

/** The program of one of our processes, without folder and ending; empty for a shell and what it starts. */
function nameOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    const script = words.find((word) => /\.[jt]s$/.test(word));
    return script === undefined
      ? ''
      : basename(script)
          .replace(/\.[jt]s$/, '')
          .replace('main', basename(dirname(script)));
  } catch {
    return ''; // It ended meanwhile.
  }
}

/** The second line of `times`: children's user and system time, as `0m1.230s 0m0.400s`. */
function timesOf(told: string): number {
  const line = told.trim().split('\n').at(-1) ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, min, sec]) => sum + Number(min) * 60 + Number(sec),
    0,
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
