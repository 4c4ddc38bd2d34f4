// needs: clamav-daemon
// A real clamd with much to do, that reloads, and that dies and comes back: whatever happens, no file is silently clean.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../src/analyze/analyzer.ts';
import { askClamd, clamavAnalyzer, eicarTestString, probeClamd } from '../src/analyze/clamav/index.ts';
import { type RealClamd, startClamd } from './kit/clamd/real.ts';
import { noise, piecesOf, streamThrough } from './kit/clamd/stream-through.ts';

const MARKER = 'backuplens test marker, one of a kind';
const FOUND = 'BackupLens.Marker.UNOFFICIAL';
const NAMES = [
  { name: 'BackupLens.Marker', text: MARKER },
  { name: 'Eicar', text: eicarTestString().toString() },
];
const THREADS = 3;

/** Up to some 40 KB of noise, another one for each `n`. */
function content(n: number, isMarked: boolean): Buffer {
  const bytes = noise(100 + ((n * 7919) % 40_000), n + 1);
  if (isMarked) bytes.write(MARKER, 50);
  return bytes;
}

const isFound = ({ claims }: Outcome): boolean => claims.some(({ rule }) => rule === FOUND);
const isGap = ({ claims, misses }: Outcome): boolean => claims.length === 0 && misses.length > 0;

for (const transport of ['tcp', 'unix'] as const) {
  describe(`a real clamd over ${transport}`, () => {
    let clamd: RealClamd;
    beforeAll(async () => {
      clamd = await startClamd({ signatures: NAMES, settings: { MaxThreads: THREADS, MaxQueue: 10 } });
    });
    afterAll(() => clamd?.stop());

    const client = (threads: number | null) =>
      clamavAnalyzer({
        address: clamd[transport],
        canary: eicarTestString(),
        threads,
        timeouts: { refusal_pause_ms: 20 },
      });

    it('answers a thousand artifacts that come at the same time, each as it should be', async () => {
      const { threads } = await probeClamd(clamd[transport]);
      expect(threads).toBe(THREADS);
      // Once with as many at a time as it has threads, once with all of them at once: then its own queue is full.
      for (const share of [threads, null]) {
        const analyzer = client(share);
        const outcomes = await Promise.all(
          Array.from({ length: share === null ? 200 : 1000 }, (_, n) =>
            streamThrough(analyzer, piecesOf(content(n, n % 3 === 0))),
          ),
        );
        await analyzer.close();
        expect(outcomes.flatMap(({ misses }) => misses)).toEqual([]);
        expect(outcomes.map(isFound)).toEqual(outcomes.map((_, n) => n % 3 === 0));
      }
    });

    it('reloads during scans, and every one is answered as it should be', async () => {
      const analyzer = client(THREADS);
      const run = { over: false, reloads: 0 };
      const reloading = (async () => {
        while (!run.over) {
          await appendFile(
            join(clamd.databaseFolder, 'test.ndb'),
            `More.${run.reloads}:0:*:${'ab'.repeat(20)}\n`,
          );
          expect(await askClamd(clamd[transport], 'RELOAD', 5000)).toEqual({
            failed: null,
            text: 'RELOADING',
          });
          run.reloads++;
          await sleep(20);
        }
      })();
      const outcomes: Outcome[] = [];
      for (let n = 0; n < 300 || run.reloads < 3; n += 10) {
        outcomes.push(
          ...(await Promise.all(
            Array.from({ length: 10 }, (_, i) =>
              streamThrough(analyzer, piecesOf(content(n + i, i % 2 === 0))),
            ),
          )),
        );
      }
      run.over = true;
      await reloading;
      await analyzer.close();
      expect(outcomes.flatMap(({ misses }) => misses)).toEqual([]);
      expect(outcomes.map(isFound)).toEqual(outcomes.map((_, n) => n % 2 === 0));
    });

    it('dies and comes back during 500 scans of infected files: each is found, or there is a gap', async () => {
      const analyzer = client(THREADS);
      const outcomes: Outcome[] = [];
      const run = { next: 0, back: Promise.resolve() };
      const untilBack = async () => {
        await run.back;
        while (isGap(await streamThrough(analyzer, [noise(10)]))) await sleep(5);
      };
      const lane = async () => {
        while (run.next < 500) {
          const n = run.next++;
          const outcome = await streamThrough(analyzer, piecesOf(content(n, true)));
          outcomes[n] = outcome;
          // Who was refused waits until it is back: otherwise all the others were refused within a moment.
          if (isGap(outcome)) await untilBack();
        }
      };
      const lanes = Promise.all(Array.from({ length: 8 }, lane));
      for (const at of [50, 150, 250, 350]) {
        while (run.next < at) await sleep(2);
        run.back = (async () => {
          await clamd.kill();
          await clamd.start();
        })();
        await run.back;
      }
      await lanes;
      await analyzer.close();
      expect(outcomes).toHaveLength(500);
      expect(outcomes.filter((outcome) => !isFound(outcome) && !isGap(outcome))).toEqual([]);
      const reasons = new Set(outcomes.flatMap(({ misses }) => misses.map(({ reason }) => reason)));
      expect([...reasons].every((reason) => ['engine_failed', 'engine_unavailable'].includes(reason))).toBe(
        true,
      );
      // It was there most of the time, and it was away.
      expect(outcomes.filter(isFound).length).toBeGreaterThan(100);
      expect(outcomes.filter(isGap).length).toBeGreaterThan(0);
    });
  });
}
