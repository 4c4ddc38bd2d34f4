// needs: zstd lzip xz-utils

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  emptyGzips,
  emptyMembersTar,
  emptyMembersZip,
  flatZip,
  joinedStreams,
} from '../kit/hostile/bombs.ts';
import { Sandbox } from '../kit/hostile/sandbox.ts';

// The same as test/hostile.test.ts, larger: what costs minutes.

const MIB = 2 ** 20;

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
});
afterAll(() => box.remove());

const LARGE = [
  { what: 'a zip of 10 MB that holds 10 GB', make: () => flatZip(160) },
  { what: 'a zst of 10 GB', make: () => joinedStreams(box.workshop, ['zstd'], 64 * MIB, 160) },
  { what: 'an lz of 10 GB', make: () => joinedStreams(box.workshop, ['lzip', '-1'], 64 * MIB, 160) },
  { what: 'an xz of 10 GB', make: () => joinedStreams(box.workshop, ['xz', '-1'], 64 * MIB, 160) },
];

test.each(LARGE)('$what is called a bomb, in bounded memory', async ({ make }) => {
  const { code, result, peak, left, strays } = await box.scan('large.bin', make());
  expect(result.findings.map(({ rule }) => rule)).toContain('bomb');
  expect([code, left, strays]).toEqual([1, [], []]);
  expect(peak).toBeLessThan(600);
});

const MANY = [
  { what: 'half a million empty gzip streams', make: () => emptyGzips(500_000) },
  { what: '100,000 empty members of a tar', make: () => emptyMembersTar(100_000) },
  { what: '100,000 empty members of a zip', make: () => emptyMembersZip(100_000) },
];

test.each(MANY)('$what end, in bounded memory', async ({ make }) => {
  const { code, peak, left, strays } = await box.scan('empties.bin', make());
  expect([code, left, strays]).toEqual([0, [], []]);
  expect(peak).toBeLessThan(600);
});
