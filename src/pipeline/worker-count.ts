import { availableParallelism } from 'node:os';
import type { EngineEndpoints } from '../analyze/index.ts';

/** More would only wait for the engines: the service's number. */
const MOST = 5;
/** What a worker may come to hold with a large archive in it, and its part of the YARA processes, in bytes. */
const MEMORY_BYTES = 384 * 1024 * 1024;

export interface Machine {
  readonly cores: number;
  /** Free for us, a container's limit included, in bytes. */
  readonly memoryBytes: number;
}

export function thisMachine(): Machine {
  return { cores: availableParallelism(), memoryBytes: process.availableMemory() };
}

/** Scan processes that are worth it: one a core, as far as memory goes, and none that clamd has no thread for. */
export function automaticWorkers({ cores, memoryBytes }: Machine, clamd: EngineEndpoints['clamd']): number {
  const threads = 'away' in clamd ? null : clamd.threads;
  const most = Math.min(MOST, cores, Math.floor(memoryBytes / MEMORY_BYTES), threads ?? MOST);
  return Math.max(1, most);
}
