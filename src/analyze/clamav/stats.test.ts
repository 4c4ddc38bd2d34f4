import { expect, it } from 'vitest';
import { readStats } from './stats.ts';

/** As clamd 1.4.6 answers. */
const ANSWER = `POOLS: 1

STATE: VALID PRIMARY
THREADS: live 3  idle 0 max 12 idle-timeout 30
QUEUE: 7 items
\tINSTREAM 0.000021 INSTREAM 1.204312 \tSTATS 0.000040 

MEMSTATS: heap N/A mmap N/A used N/A free N/A releasable N/A pools 1 pools_used 1.848M pools_total 1.866M
END`;

it('threads and queue are read out of an answer to STATS', () => {
  expect(readStats(ANSWER)).toEqual({ max_threads: 12, queued: 7 });
});

it('what is no such answer says nothing', () => {
  for (const text of [
    '',
    'UNKNOWN COMMAND',
    ANSWER.replace('max 12', 'max 0'),
    ANSWER.replace(/QUEUE.*/, ''),
    ANSWER.replace('max 12', 'max 99999999'),
  ])
    expect(readStats(text)).toBeNull();
});
