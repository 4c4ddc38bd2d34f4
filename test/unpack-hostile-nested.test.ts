import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Scratch } from '../src/bytes/index.ts';
import { unpack } from './kit/archives/unpacked.ts';
import { ExtImage } from './kit/hostile/ext-bytes.ts';
import { qcow2Tables } from './kit/hostile/qcow2-bytes.ts';

// Images within images: what all of them together may cost.

const MIB = 2 ** 20;
const SMALL = 512;
const LARGE = 2 * MIB;

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create(tmpdir());
});
afterAll(() => scratch.remove());

/**
 * A disk of large clusters that all lie in the same place of the disk below, which is in as small pieces as can be: that
 * many times that many pieces, in a file of some hundred KiB.
 */
function diskInDisk(clusters: number): Buffer {
  const image = new ExtImage({ used: 1024, inodes: 64, blocks: (clusters * LARGE) / 1024 });
  image.root([]);
  const tablesBytes = 3 * LARGE;
  const inner = qcow2Tables({
    clusterBits: 21,
    size: clusters * LARGE,
    clusters: new Map(
      Array.from({ length: clusters }, (_, i) => [i, i === 0 ? tablesBytes : tablesBytes + LARGE]),
    ),
  });
  const size = 64 * MIB;
  const parts = new Map<number, Buffer>();
  const put = (at: number, bytes: Buffer): void => {
    for (let from = 0; from < bytes.length; from += SMALL) {
      const part = bytes.subarray(from, from + SMALL);
      if (part.some((byte) => byte !== 0)) parts.set((at + from) / SMALL, part);
    }
  };
  put(0, inner);
  put(tablesBytes, image.bytes);
  const places = new Map<number, number>();
  const tables = (): Buffer => qcow2Tables({ clusterBits: 9, size, clusters: places });
  // Every second piece of the place where all clusters lie: none follows another.
  const first = (tablesBytes + LARGE) / SMALL;
  for (let i = 0; i < LARGE / SMALL; i += 2) places.set(first + i, 0);
  for (const number of parts.keys()) places.set(number, 0);
  const dataAt = tables().length;
  let next = dataAt;
  for (const number of places.keys()) {
    places.set(number, parts.has(number) ? next : dataAt);
    if (parts.has(number)) next += SMALL;
  }
  return Buffer.concat([tables(), ...parts.values()]);
}

test('a disk in a disk whose pieces multiply is not looked through to its end, and says so', async () => {
  const result = await unpack('qcow2', diskInDisk(20_000), scratch, { inner: ['qcow2', 'ext'] });
  expect(result.unsafe).toContain('overlapping-clusters');
  expect(result.gaps.map(({ reason, detail }) => `${reason}: ${detail}`)).toContainEqual(
    expect.stringMatching(/^budget_exceeded: (?:images within images|what is stored of it) /),
  );
});

test('the same with few pieces is read', async () => {
  const result = await unpack('qcow2', diskInDisk(20), scratch, { inner: ['qcow2', 'ext'] });
  expect(result.gaps.filter(({ reason }) => reason === 'budget_exceeded')).toEqual([]);
});
