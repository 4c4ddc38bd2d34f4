import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ on Linux (proc(5)). */
const TICKS_PER_SECOND = 100;

/** User and system time of one process, in seconds; with `reaped`, that of its ended and awaited children too. */
export function cpuSeconds(pid: number, reaped = false): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  const own = (fields[11] ?? 0) + (fields[12] ?? 0);
  return (own + (reaped ? (fields[13] ?? 0) + (fields[14] ?? 0) : 0)) / TICKS_PER_SECOND;
}

/** Everything that a process started, and what those started; without itself. */
export function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1').replace(/^.*\) /s, '');
      parents.set(Number(entry), Number(stat.split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [root];
  for (let at = 0; at < found.length; at++) {
    for (const [pid, parent] of parents) if (parent === found[at]) found.push(pid);
  }
  return found.slice(1);
}

/** Of these processes together, in MiB: with shared pages divided by their sharers (PSS), and counted in each (RSS). */
export function memoryOf(pids: readonly number[]): { pss: number; rss: number } {
  const sum = { pss: 0, rss: 0 };
  for (const pid of pids) {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      sum.pss += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
      sum.rss += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

/** The most that each of these processes ever had resident (VmHWM of proc(5)), together, in MiB. */
export function peakOf(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    sum += Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
  }
  return sum;
}

/** User and system time of these processes, and of what they started and waited for, in seconds. */
export function cpuOf(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    try {
      sum += cpuSeconds(pid, true);
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}
