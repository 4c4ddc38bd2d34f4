import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node.js runs on (proc(5)). */
const MS_PER_TICK = 10;

/** What the kernel has counted for a process. */
export interface ProcessCpu {
  readonly wall_ms: number;
  readonly cpu_ms: number;
  /** Of children of its that ended and were waited for. */
  readonly children_ms: number;
}

/** null: it is gone, or there is no /proc. */
export function processCpu(pid: number | 'self'): ProcessCpu | null {
  try {
    // proc_pid_stat(5): the name may hold blanks and brackets; after it come fields 3 and on.
    // oxlint-disable-next-line house/no-unbounded-read -- a line written by the kernel
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '');
    // oxlint-disable-next-line house/no-unbounded-read -- a line written by the kernel
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
    const fields = stat.split(' ').map(Number);
    const field = (number: number): number => (fields[number - 3] ?? 0) * MS_PER_TICK;
    return {
      cpu_ms: field(14) + field(15),
      children_ms: field(16) + field(17),
      wall_ms: Math.max(0, uptime - field(22)),
    };
  } catch {
    return null;
  }
}
