import { readFileSync } from 'node:fs';

/** Resident size of a process as the kernel has it; 0 when it is gone or there is no /proc. */
export function residentBytes(pid: number | undefined): number {
  try {
    // oxlint-disable-next-line house/no-unbounded-read -- a page written by the kernel
    const status = readFileSync(`/proc/${pid}/status`, 'ascii');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // Its exit is heard elsewhere.
  }
}
