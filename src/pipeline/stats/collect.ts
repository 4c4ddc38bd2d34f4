import { availableParallelism } from 'node:os';
import type { ScanStats } from '../../contracts/index.ts';
import type { Metered } from './meter.ts';
import { processCpu } from './process-cpu.ts';
import { limitOf } from './limit.ts';
import type { Spent } from './sampler.ts';

/** What one worker says of itself. */
export interface WorkerStats {
  readonly spent: Spent;
  readonly metered: Metered;
}

export interface Collected {
  readonly own: Spent;
  readonly workers: readonly WorkerStats[];
  readonly messages: number;
  /** The yara-scanner of ours and its engines, in this order; none where it is somebody else's. */
  readonly yara: readonly number[];
  /** From the start of the program to its first file, in ms. */
  readonly startMs: number;
}

type Process = ScanStats['processes'][number];

/** Puts together what the processes of a scan say of themselves, and what the kernel says of the others. */
export function collectStats({ own, workers, messages, yara, startMs }: Collected): ScanStats {
  const processes: Process[] = [
    { role: 'backuplens', ...own },
    ...workers.map(({ spent }): Process => ({ role: 'worker', ...spent })),
  ];
  let ended = processCpu('self')?.children_ms ?? 0;
  for (const [at, pid] of yara.entries()) {
    const cpu = processCpu(pid);
    if (cpu === null) continue;
    const { children_ms, ...counted } = cpu;
    ended += children_ms;
    processes.push({
      role: at === 0 ? 'yara-scanner' : 'yara-engine',
      ...counted,
      parts: null,
      idle_ms: null,
    });
  }
  if (ended > 0) processes.push({ role: 'ended', wall_ms: null, cpu_ms: ended, parts: null, idle_ms: null });
  const metered = workers.map((one) => one.metered);
  const sum = (of: (one: Metered) => number): number => metered.reduce((total, one) => total + of(one), 0);
  const waits: Record<string, { times: number; ms: number }> = {};
  const examinations: Record<string, number> = {};
  for (const one of metered) {
    for (const [what, { times, ms }] of Object.entries(one.waits)) {
      const before = waits[what] ?? { times: 0, ms: 0 };
      waits[what] = { times: before.times + times, ms: before.ms + ms };
    }
    for (const [id, times] of Object.entries(one.examinations)) {
      examinations[id] = (examinations[id] ?? 0) + times;
    }
  }
  const counted = {
    wall_ms: own.wall_ms,
    cores: availableParallelism(),
    cpu_ms: processes.reduce((total, { cpu_ms }) => total + cpu_ms, 0),
    processes,
    waits,
    work: {
      reads: sum(({ reads }) => reads),
      read_bytes: sum(({ read_bytes }) => read_bytes),
      hashed_bytes: sum(({ hashed_bytes }) => hashed_bytes),
      yara_read_bytes: sum(({ yara_read_bytes }) => yara_read_bytes),
      scratch_files: sum(({ scratch_files }) => scratch_files),
      messages,
      examinations,
    },
  };
  return { ...counted, limited_by: limitOf(counted, startMs) };
}
