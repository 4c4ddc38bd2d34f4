// needs: xz-utils bzip2 lz4 7zip squashfs-tools

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as bombs from './kit/hostile/bombs.ts';
import { quotingZip } from './kit/hostile/quoting-zip.ts';
import { gzipQuine, zipQuine } from './kit/hostile/quine.ts';
import { Sandbox, type Seen } from './kit/hostile/sandbox.ts';

// What a hostile file costs: through the program as a user runs it, each in a sandbox of its own folders.

const MIB = 2 ** 20;
/** Of processor time: it takes as long on a machine that does nothing else, and the same on one that does. */
const MOST_SECONDS = 60;
const MOST_MIB = 600;

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
});
afterAll(() => box.remove());

/** What every hostile file is held to. */
function expectBounded({ cpu, peak, left, strays }: Seen): void {
  expect(left, 'scratch is empty').toEqual([]);
  expect(strays, 'nothing was written elsewhere').toEqual([]);
  expect(peak, 'MiB of all processes together').toBeLessThan(MOST_MIB);
  expect(cpu, 'seconds of all processes together').toBeLessThan(MOST_SECONDS);
}

interface Hostile {
  readonly what: string;
  readonly make: (workshop: string) => Buffer;
  readonly args?: readonly string[];
  /** 0 all is well, 1 quarantine, 3 a person must look. */
  readonly code: number;
  /** Rules of `unsafe_archive` in the whole tree. */
  readonly unsafe?: readonly string[];
  /** Of the root, or of what is named; empty: everything was examined. */
  readonly gaps: readonly string[];
}

const BOMB = { code: 1, unsafe: ['bomb'], gaps: ['budget_exceeded'] };
const ITSELF = { code: 1, unsafe: ['self-reproduction'], gaps: [] };
const OVER_BUDGET = { code: 3, gaps: ['budget_exceeded'] };

const CASES: readonly Hostile[] = [
  { what: 'a zip of 1 MB that holds 1.2 GB', make: () => bombs.flatZip(18), ...BOMB },
  { what: 'zips in zips in zips: 64 GiB in 31 kB', make: () => bombs.nestedZips(6, 16), ...BOMB },
  { what: 'an xz bomb', make: (at) => bombs.joinedStreams(at, ['xz', '-1'], 64 * MIB, 18), ...BOMB },
  { what: 'a bzip2 bomb', make: (at) => bombs.joinedStreams(at, ['bzip2'], 64 * MIB, 18), ...BOMB },
  { what: 'a 7z bomb', make: (at) => bombs.sevenZipOfZeros(at, 1100 * MIB), ...BOMB },
  {
    // LZ4 cannot reach the ratio of a bomb: here the budget is what stops it.
    what: 'an lz4 that unpacks to more than the budget',
    make: (at) => bombs.joinedStreams(at, ['lz4'], 64 * MIB, 18),
    args: ['--max-unpacked-bytes', '200M'],
    ...OVER_BUDGET,
  },
  { what: 'a gzip that unpacks to itself', make: gzipQuine, ...ITSELF },
  { what: 'a zip that holds itself', make: zipQuine, ...ITSELF },
  {
    what: 'a hundred names for one member of a zip',
    make: () => bombs.overlappingZip(100),
    code: 1,
    unsafe: ['header-mismatch', 'overlapping-entries'],
    gaps: [],
  },
  {
    what: 'members of a zip that quote each other',
    make: () => quotingZip(100),
    code: 1,
    unsafe: ['overlapping-entries'],
    gaps: ['corrupt'],
  },
  { what: '25,000 empty members of a tar', make: () => bombs.emptyMembersTar(25_000), code: 0, gaps: [] },
  { what: '25,000 empty members of a zip', make: () => bombs.emptyMembersZip(25_000), code: 0, gaps: [] },
  { what: '50,000 empty gzip streams in a row', make: () => bombs.emptyGzips(50_000), code: 0, gaps: [] },
  { what: 'a sparse file of 1 TB in a tar', make: bombs.sparseTar, ...OVER_BUDGET },
  { what: 'a zst that wants a window of 2 GiB', make: () => bombs.wideWindow(31), ...OVER_BUDGET },
  { what: 'an xz that wants a dictionary of 1 GiB', make: bombs.wideDictionary, ...OVER_BUDGET },
  { what: 'an lzma that wants a dictionary of 1 GiB', make: bombs.wideLzma, ...OVER_BUDGET },
];

describe.each(CASES)('$what', ({ make, args = [], code, unsafe = [], gaps }) => {
  test('is bounded in time, memory and place, and ends as it should', { timeout: 300_000 }, async () => {
    const seen = await box.scan('hostile.bin', make(box.workshop), args);
    expectBounded(seen);
    const { findings, gaps: all } = seen.result;
    const rules = findings.filter(({ kind }) => kind === 'unsafe_archive').map(({ rule }) => rule);
    expect([...new Set(rules)]).toEqual(unsafe);
    const reasons = new Set(all.map(({ reason }) => reason).filter((reason) => reason !== 'engine_off'));
    for (const reason of gaps) expect(reasons).toContain(reason);
    expect(reasons.size > 0).toBe(gaps.length > 0);
    expect(seen.code).toBe(code);
  });
});
