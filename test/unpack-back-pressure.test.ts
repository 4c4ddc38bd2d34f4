import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Analyzer } from '../src/analyze/index.ts';
import { Scratch } from '../src/bytes/index.ts';
import { Identifier } from '../src/identify/index.ts';
import { examineTree } from '../src/pipeline/examine.ts';
import { Ledger } from '../src/pipeline/ledger.ts';
import { Budget, DEFAULT_LIMITS } from '../src/unpack/index.ts';
import { header, noise, tarPieces, zstdFrames } from './kit/archives/tar-stream.ts';
import { zipBytes } from './kit/archives/zip-bytes.ts';

// The producer waits for the examiners: how far it is ahead is counted in bytes, not measured in seconds.

const MIB = 1024 ** 2;
/** A held head of 1 MiB at each of three levels, 4 MiB in the lanes, and the pieces under way. */
const WINDOW = 12 * MIB;

let folder: string;
let scratch: Scratch;
let identifier: Identifier;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'back-pressure-'));
  scratch = await Scratch.create(folder);
  identifier = await Identifier.create();
});
afterAll(async () => {
  await scratch.remove();
  rmSync(folder, { recursive: true });
});

/** What was put there: all but who owns it. */
function inScratchNow(): string[] {
  return readdirSync(scratch.path).filter((name) => name !== '.owner');
}

function scratchBytes(): number {
  return inScratchNow().reduce((sum, name) => sum + statSync(join(scratch.path, name)).size, 0);
}

/** Lets the world turn many times before it takes the next chunk of a member; counts what it took of those. */
class Slow implements Analyzer {
  readonly id = 'slow';
  readonly version = '1';
  readonly #depth: number;
  readonly #look: (taken: number) => void;
  taken = 0;

  /** Members this deep (their trail's length) are examined slowly. */
  constructor(depth: number, look: (taken: number) => void) {
    this.#depth = depth;
    this.#look = look;
  }

  examine: Analyzer['examine'] = ({ artifact }) => {
    const slow = artifact.trail.length === this.#depth;
    let bytes = 0;
    return {
      write: async (chunk) => {
        bytes += chunk.length;
        if (!slow) return;
        for (let i = 0; i < 10; i++) {
          await nextTurn();
          this.#look(this.taken);
        }
        this.taken += chunk.length;
      },
      end: async () => ({
        claims: [],
        measurements: {},
        misses: [],
        inspected_bytes: bytes,
        windowed: false,
      }),
      abort: () => undefined,
    };
  };

  async close(): Promise<void> {}
}

async function scan(stream: AsyncIterable<Buffer>, slow: Slow): Promise<Ledger> {
  const ledger = new Ledger('b.tar.zst');
  await examineTree(
    ['b.tar.zst'],
    { source: null, stream },
    {
      identifier,
      analyzers: [slow],
      budget: new Budget(DEFAULT_LIMITS),
      scratch,
      passwords: [],
      ledger,
      signal: new AbortController().signal,
      progress: () => undefined,
    },
  );
  return ledger;
}

test('a tar.zst of 200 MB is never read further ahead than a fixed window, and the scratch folder stays empty', async () => {
  let pulled = 0;
  let furthest = 0;
  let inScratch = 0;
  const slow = new Slow(3, (taken) => {
    furthest = Math.max(furthest, pulled - taken);
    inScratch = Math.max(inScratch, inScratchNow().length);
  });
  const count = 40;
  const size = 5 * MIB + 100;
  const stream = zstdFrames(tarPieces(count, size), (bytes) => {
    pulled += bytes;
  });
  await scan(stream, slow);
  expect(slow.taken).toBe(count * size);
  expect(pulled).toBeGreaterThan(200 * MIB);
  expect(furthest).toBeLessThan(WINDOW);
  expect(inScratch).toBe(0);
});

test('an archive that must be read anywhere lies in the scratch folder while it is examined, alone, and no longer', async () => {
  const member = noise(3 * MIB);
  const zip = zipBytes(['a', 'b', 'c'].map((name) => ({ name, data: member })));
  let furthest = 0;
  let most = 0;
  let pulled = 0;
  const slow = new Slow(4, (taken) => {
    // Each zip is read whole before its members come out.
    furthest = Math.max(furthest, pulled - taken);
    most = Math.max(most, scratchBytes());
  });
  const padding = Buffer.alloc((512 - (zip.length % 512)) % 512);
  const pieces = Array.from({ length: 4 }, (_, i) => [header(`${i}.zip`, zip.length), zip, padding]).flat();
  const stream = zstdFrames([...pieces, Buffer.alloc(1024)], (bytes) => {
    pulled += bytes;
  });
  await scan(stream, slow);
  expect(slow.taken).toBe(4 * 3 * member.length);
  expect(most).toBe(zip.length);
  expect(furthest).toBeLessThan(2 * zip.length + WINDOW);
  expect(inScratchNow()).toEqual([]);
});
