import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../../../src/bytes/index.ts';
import { closeUnpackers, FORMATS } from '../../../src/unpack/index.ts';
import { makeContainer, MAKERS } from '../archives/makers.ts';
import { hasTool } from '../archives/tool.ts';
import { unpack } from '../archives/unpacked.ts';
import { damaged, damages } from './damage.ts';

/** A small sample of every format; its marker is 3 kB of text. */
const CONTENT = Buffer.from(Array.from({ length: 300 }, (_, i) => `line ${i * i}\n`).join(''));
/** One opening may take this long, in ms: the budget stops it well before, also on a busy machine. */
const HANGS_MS = 60_000;
const LIMITS = { max_container_ms: 5000, max_unpacked_bytes: 64 * 1024 * 1024, max_entries: 10_000 };
/** Everything is tried at least this often, however slow the format is. */
const AT_LEAST = 8;
/** Fewer bytes than this are no longer recognised as anything: nobody would open them as this format. */
const RECOGNISED = 512;
const AFTER_THE_END = '(data after the end)';

/**
 * Tests of every format that can be made here: cut off at every byte, then harmed at random, for `ms` each. The order of
 * what is tried follows from `seed` alone: a slower machine gets less far, nowhere else.
 */
export function fuzzFormats(ms: number, seed: number): void {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await Scratch.create(tmpdir());
  });
  afterAll(async () => {
    await scratch.remove();
    await closeUnpackers();
  });
  const options = { timeout: 20 * ms + 2 * HANGS_MS };

  /** Ends whatever the bytes are; throws when they are opened with an error, or take too long. */
  async function open(format: string, bytes: Buffer): Promise<Awaited<ReturnType<typeof unpack>>> {
    const started = performance.now();
    const unpacked = await unpack(format, bytes, scratch, { limits: LIMITS });
    const took = performance.now() - started;
    if (took > HANGS_MS) throw new Error(`${format} took ${Math.round(took)} ms`);
    return unpacked;
  }

  for (const { id } of FORMATS) {
    const maker = MAKERS[id];
    if (maker === undefined || 'untested' in maker) continue;
    const able = maker.tools.every(hasTool);
    // A cut of what hands on a container as its member is that container's to tell.
    const tells = maker.cut === undefined && maker.inner === undefined;
    describe(`fuzzed: ${id}`, () => {
      let sample: Buffer;
      beforeAll(() => {
        if (able) sample = makeContainer(maker, join(scratch.path, `make-${id}`), CONTENT);
      });

      test.runIf(able)('cut off anywhere it ends, and what is lost is told', options, async () => {
        const until = performance.now() + ms;
        const silent: number[] = [];
        const whole = contentsOf(await open(id, sample));
        let tried = 0;
        for (const at of spread(sample.length, seed)) {
          const cut = await open(id, sample.subarray(0, at));
          const told = cut.gaps.length > 0 || contentsOf(cut) === whole;
          if (tells && !told && at >= RECOGNISED && silent.length < 10) silent.push(at);
          if (++tried >= AT_LEAST && performance.now() > until) break;
        }
        expect(silent, 'bytes after which a cut loses something without a gap').toEqual([]);
      });

      test.runIf(able)('harmed anywhere it ends, with a report', options, async () => {
        const until = performance.now() + ms;
        const ends = fc.asyncProperty(damages, async (list) => {
          await open(id, damaged(sample, list));
        });
        let batch = 0;
        do await fc.assert(ends, { seed: seed + batch++, numRuns: AT_LEAST });
        while (performance.now() < until);
        expect(batch).toBeGreaterThan(0);
      });
    });
  }
}

/**
 * What came out, in any order. Not what stands behind the container's end: nothing in it refers to that (bsdtar leaves 20 such
 * bytes behind every xar), so without it the container is whole, and no reader could tell that there was more.
 */
function contentsOf({ members }: Awaited<ReturnType<typeof unpack>>): string {
  return members
    .filter(({ name }) => name !== AFTER_THE_END)
    .map(({ sha256 }) => sha256)
    .toSorted()
    .join();
}

/** Every length below `size`, each once, those that are far apart first. */
function* spread(size: number, seed: number): Generator<number> {
  // A step without a divisor in common with the size meets every length; near the golden section it never clusters.
  let step = Math.max(1, Math.floor(size * 0.618));
  while (divisor(step, size) !== 1) step++;
  for (let run = 0, at = seed % size; run < size; run++, at = (at + step) % size) yield at;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
