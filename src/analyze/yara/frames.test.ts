import { describe, expect, test } from 'vitest';
import { FrameReader, frameParts, gathered, joined } from './frames.ts';

const LIMITS = { aboutBytes: 1000, payloadBytes: 100_000 };
const sizes = [0, 1, 12, 13, 500, 9000, 70_000];
const stream = Buffer.concat(
  sizes.flatMap((size, id) => frameParts(id % 3, id, Buffer.alloc(size % 900, 'a'), Buffer.alloc(size, id))),
);

describe('frames', () => {
  test.each([1, 7, 13, 4096, 65_536, stream.length])(
    'come out as they went in, in pieces of %d bytes',
    (length) => {
      const reader = new FrameReader(LIMITS);
      const frames = [];
      for (let at = 0; at < stream.length; at += length) {
        frames.push(...reader.read(Buffer.from(stream.subarray(at, at + length))));
      }
      expect(
        frames.map(({ kind, id, about, payload }) => [
          kind,
          id,
          about.length,
          joined(payload).toString('latin1'),
        ]),
      ).toEqual(sizes.map((size, id) => [id % 3, id, size % 900, Buffer.alloc(size, id).toString('latin1')]));
    },
  );

  test.each([
    ['about', frameParts(1, 1, Buffer.alloc(1001), Buffer.alloc(0))],
    ['payload', frameParts(1, 1, Buffer.alloc(0), Buffer.alloc(100_001))],
  ])('whose %s is too long are refused by their head, before it comes', (_what, [head = Buffer.alloc(0)]) => {
    expect(() => new FrameReader(LIMITS).read(head)).toThrow(RangeError);
  });

  test('that are small leave together; what is large is not copied', () => {
    const large = Buffer.alloc(50_000);
    const parts = Array.from({ length: 300 }, (_, id) =>
      frameParts(1, id, Buffer.alloc(50), Buffer.alloc(10)),
    );
    expect(gathered(parts.flat())).toHaveLength(1);
    const mixed = gathered([...frameParts(1, 1, Buffer.alloc(50), large), ...parts.flat()]);
    expect(mixed).toHaveLength(3);
    expect(mixed[1]).toBe(large);
  });
});
