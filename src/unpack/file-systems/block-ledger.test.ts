import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ImageCost } from '../../bytes/index.ts';
import { BlockLedger } from './block-ledger.ts';

const BLOCK = 512;
/** More than one segment of 32,768 blocks. */
const BLOCKS = 70_000;

test('what is left is what nobody claimed, in whole blocks', () => {
  const claim = fc.tuple(fc.nat(BLOCKS * BLOCK), fc.oneof(fc.nat(5000), fc.nat(40_000 * BLOCK)));
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 20 }), fc.nat(BLOCK - 1), (claims, first) => {
      const size = BLOCKS * BLOCK - 100;
      const ledger = new BlockLedger({ size }, BLOCK, { firstBlock: first });
      // Blocks are counted from the first one that begins at `first`; the part in front of it is one too.
      const blockOf = (at: number): number => Math.floor((at - first) / BLOCK) + 1;
      const taken = new Uint8Array(BLOCKS + 2);
      for (const [start, length] of claims) {
        ledger.claim(start, start + length);
        const end = Math.min(start + length, size);
        if (start < end) taken.fill(1, blockOf(start), blockOf(end - 1) + 1);
      }
      const left: number[] = [];
      for (const { start, end } of ledger.unclaimed()) {
        expect(start < end).toBe(true);
        for (let block = blockOf(start); block <= blockOf(end - 1); block++) left.push(block);
      }
      const expected: number[] = [];
      for (let block = blockOf(0); block <= blockOf(size - 1); block++)
        if (taken[block] === 0) expected.push(block);
      expect(left).toEqual(expected);
    }),
    { numRuns: 40, seed: 20_261_128 },
  );
});

test('ends of blocks that belong to nobody are left as well', () => {
  const ledger = new BlockLedger({ size: 1024 }, BLOCK);
  ledger.claim(0, 1024);
  ledger.leave(600, 1024);
  expect([...ledger.unclaimed()]).toEqual([{ start: 600, end: 1024 }]);
});

test('what is all claimed takes no room, however large the file system', () => {
  const room = new ImageCost().share();
  // More than there is room for, were each region remembered bit by bit.
  const regions = 70_000;
  const bytes = 32_768 * BLOCK;
  const ledger = new BlockLedger({ size: regions * bytes }, BLOCK, { room });
  for (let region = 0; region < regions; region++) {
    ledger.claim(region * bytes, region * bytes + BLOCK);
    ledger.claim(region * bytes + BLOCK, (region + 1) * bytes);
  }
  expect(ledger.unsorted).toBe(0);
  let left = 0;
  while (room.take(2 ** 20)) left++;
  expect(left).toBe(256);
});
