import type { ClamdAddress } from './address.ts';
import { ClamdConnection } from './connection.ts';

/** What clamd says of its own work (STATS). */
export interface ClamdStats {
  /** Streams that it scans at a time (MaxThreads). */
  readonly max_threads: number;
  /** Streams that wait for one of these threads. */
  readonly queued: number;
}

/** Without a real figure in it an answer is none; nobody sets more threads than that. */
const MAX_THREADS = 10_000;

/**
 * Reads an answer to STATS of clamd 1.x; null when it is none. There is a section for each pool of threads, and only
 * the first scans:
 *
 *     POOLS: 1
 *
 *     STATE: VALID PRIMARY
 *     THREADS: live 1  idle 0 max 10 idle-timeout 30
 *     QUEUE: 0 items
 */
export function readStats(text: string): ClamdStats | null {
  const threads = Number(/^THREADS: live \d+ +idle \d+ max (\d{1,9})\b/m.exec(text)?.[1]);
  const queued = Number(/^QUEUE: (\d{1,9}) items/m.exec(text)?.[1]);
  if (!(threads >= 1 && threads <= MAX_THREADS) || !(queued >= 0)) return null;
  return { max_threads: threads, queued };
}

/**
 * Asks over a connection of its own: within a session the answers of clamd 1.4 to STATS and to what comes after it
 * run into each other. Null when there is no answer in time, or none that can be read.
 */
export async function askStats(address: ClamdAddress, deadlineMs: number): Promise<ClamdStats | null> {
  const end = performance.now() + deadlineMs;
  const connection = await ClamdConnection.connect(address, deadlineMs);
  if ('refused' in connection) return null;
  try {
    await connection.send([Buffer.from('zSTATS\0')], deadlineMs, true);
    const reply = await connection.reply(Math.max(1, end - performance.now()), 'lines');
    return reply.kind === 'whole' ? readStats(reply.raw.toString('latin1')) : null;
  } finally {
    connection.destroy();
  }
}
