import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockLedger } from './block-ledger.ts';

const BLOCK = 8;

/** A source that knows its holes: runs of these lengths, with holes of those between. */
function withHoles(parts: readonly (readonly [hole: number, run: number])[]): {
  size: number;
  nextRun: (position: number) => { start: number; end: number } | null;
} {
  const runs: { start: number; end: number }[] = [];
  let at = 0;
  for (const [hole, run] of parts) {
    runs.push({ start: at + hole, end: at + hole + run });
    at += hole + run;
  }
  const nextRun = (position: number): { start: number; end: number } | null => {
    const run = runs.find(({ end }) => end > position);
    return run === undefined ? null : { start: Math.max(position, run.start), end: run.end };
  };
  return { size: at, nextRun };
}

test('with holes, what is left are the blocks that hold something and that nobody claimed', () => {
  const part = fc.tuple(fc.nat(20 * BLOCK), fc.integer({ min: 1, max: 20 * BLOCK }));
  const claim = fc.tuple(fc.nat(400 * BLOCK), fc.nat(40 * BLOCK));
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 12 }),
      fc.array(claim, { maxLength: 8 }),
      fc.nat(BLOCK - 1),
      (parts, claims, first) => {
        const source = withHoles(parts);
        const ledger = new BlockLedger(source, BLOCK, { firstBlock: first });
        const blockOf = (at: number): number => Math.floor((at - first) / BLOCK);
        const taken = new Set<number>();
        for (const [start, length] of claims) {
          ledger.claim(start, start + length);
          for (let at = start; at < Math.min(start + length, source.size); at++) taken.add(blockOf(at));
        }
        const left = new Set<number>();
        for (const { start, end } of ledger.unclaimed())
          for (let at = start; at < end; at++) left.add(blockOf(at));
        const held = new Set<number>();
        for (let run = source.nextRun(0); run !== null; run = source.nextRun(run.end))
          for (let at = run.start; at < run.end; at++) held.add(blockOf(at));
        const both = [...held].filter((block) => left.has(block) === taken.has(block));
        expect(both, 'blocks that are claimed and left, or neither').toEqual([]);
      },
    ),
    { numRuns: 60, seed: 20_261_128 },
  );
});

test('a disk of 8 PiB with a few blocks in it is gone through at once', () => {
  const source = withHoles([
    [2 ** 40, 3 * BLOCK],
    [2 ** 53 - 2 ** 41, BLOCK],
  ]);
  const ledger = new BlockLedger(source, BLOCK);
  expect([...ledger.unclaimed()]).toEqual([{ start: 2 ** 40, end: source.size }]);
  ledger.claim(0, 2 ** 52);
  const last = source.size - BLOCK;
  expect([...ledger.unclaimed()]).toEqual([{ start: last, end: source.size }]);
  ledger.claim(0, source.size);
  expect([...ledger.unclaimed()]).toEqual([]);
});
