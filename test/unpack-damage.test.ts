import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { closeUnpackers } from '../src/unpack/index.ts';
import { makeContainer, MAKERS } from './kit/archives/makers.ts';
import { hasTool } from './kit/archives/tool.ts';
import { unpack } from './kit/archives/unpacked.ts';

// Whatever is done to its bytes, a container ends: no throw, no hang. Small samples, random damage.

const FORMATS = [
  'tar',
  'gzip',
  'zstd',
  'lz4',
  'zip',
  'lzip',
  'xz',
  'bzip2',
  '7z',
  'cab',
  'cpio',
  'squashfs',
  'rar',
  'pg-dump',
  'sqlite',
];
const CONTENT = Buffer.from(Array.from({ length: 300 }, (_, i) => `line ${i * i}\n`).join(''));
/** One opening may take this long, in ms; the budget stops it well before. */
const DEADLINE_MS = 20_000;
const LIMITS = { max_container_ms: 5000, max_unpacked_bytes: 64 * 1024 * 1024 };

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(async () => {
  await scratch.remove();
  await closeUnpackers();
});

/** How long it took to end, in ms. */
async function ends(format: string, bytes: Buffer): Promise<number> {
  const started = performance.now();
  await unpack(format, bytes, scratch, { limits: LIMITS });
  return performance.now() - started;
}

describe.each(FORMATS)('%s', (format) => {
  const maker = MAKERS[format];
  const able = maker !== undefined && !('untested' in maker) && maker.tools.every(hasTool);
  let sample: Buffer;
  beforeAll(() => {
    if (able) sample = makeContainer(maker, join(scratch.path, `make-${format}`), CONTENT);
  });

  test.runIf(able)('cut off anywhere, it ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), async (share) => {
        const cut = sample.subarray(0, Math.floor(share * sample.length));
        expect(await ends(format, cut)).toBeLessThan(DEADLINE_MS);
      }),
      { numRuns: 15 },
    );
  });

  test.runIf(able)('with any bits turned, it ends', async () => {
    const flip = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 8 }), async (flips) => {
        const bytes = Buffer.from(sample);
        for (const [share, mask] of flips) {
          const at = Math.floor(share * bytes.length);
          bytes[at] = (bytes[at] ?? 0) ^ mask;
        }
        expect(await ends(format, bytes)).toBeLessThan(DEADLINE_MS);
      }),
      { numRuns: 25 },
    );
  });
});
