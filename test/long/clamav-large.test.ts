// needs: clamav-daemon
// Three gigabytes: more than clamd takes in a stream (and, beyond 2 GiB, than it looks at, whatever its limits).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clamavAnalyzer, eicarTestString } from '../../src/analyze/clamav/index.ts';
import { type RealClamd, startClamd } from '../kit/clamd/real.ts';
import { noise, streamThrough } from '../kit/clamd/stream-through.ts';

const MIB = 2 ** 20;
const SIZE = 3 * 2 ** 30;
const MARKER = 'backuplens test marker, one of a kind';
/**
 * Of resident memory, all of it our own (2 MiB were measured): windows share 256 KiB, a proof repeats one block of zeros. What the
 * test itself keeps handing over must be the same memory each time, or what grows is its own garbage (70 MiB and more).
 */
const MOST_GROWTH = 32 * MIB;

let clamd: RealClamd;
beforeAll(async () => {
  clamd = await startClamd({
    signatures: [
      { name: 'BackupLens.Marker', text: MARKER },
      { name: 'Eicar', text: eicarTestString().toString() },
    ],
    // As config/clamav/clamd.conf has them.
    settings: { StreamMaxLength: '256M', MaxFileSize: '256M', MaxScanSize: '512M', AlertExceedsMax: true },
  });
});
afterAll(() => clamd?.stop());

/** The marker stands at `at`, which may lie across two pieces. */
function* bytesWith(at: number): Generator<Buffer> {
  const block = noise(MIB);
  for (let start = 0; start < SIZE; start += MIB) {
    const piece = at + MARKER.length > start && at < start + MIB ? Buffer.from(block) : block;
    for (let i = 0; i < MARKER.length; i++) {
      const place = at + i - start;
      if (place >= 0 && place < MIB) piece[place] = MARKER.charCodeAt(i);
    }
    yield piece;
  }
}

test.each([
  ['at the end', SIZE - MARKER.length],
  ['across the border of two windows', 256 * MIB - 10],
  ['nowhere', SIZE],
])('3 GiB are examined whole, in windows and in little memory: the marker is %s', async (_where, at) => {
  const analyzer = clamavAnalyzer({ address: clamd.unix, canary: eicarTestString() });
  const before = process.memoryUsage().rss;
  let most = 0;
  function* watched(): Generator<Buffer> {
    for (const piece of bytesWith(at)) {
      most = Math.max(most, process.memoryUsage().rss);
      yield piece;
    }
  }
  const outcome = await streamThrough(analyzer, watched(), { size: SIZE });
  await analyzer.close();
  expect(outcome.misses).toEqual([]);
  expect(outcome.windowed).toBe(true);
  expect(outcome.claims.map(({ rule }) => rule)).toEqual(at === SIZE ? [] : ['BackupLens.Marker.UNOFFICIAL']);
  expect(outcome.inspected_bytes === SIZE || at < SIZE).toBe(true);
  expect(most - before).toBeLessThan(MOST_GROWTH);
});
