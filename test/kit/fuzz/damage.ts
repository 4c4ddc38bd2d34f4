import * as fc from 'fast-check';

/** One way to harm a file: places are shares of its length. */
export type Damage =
  | { readonly kind: 'turn'; readonly at: number; readonly mask: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'copy'; readonly from: number; readonly at: number; readonly length: number }
  | { readonly kind: 'number'; readonly at: number; readonly width: 2 | 4 | 8; readonly value: bigint };

const place = fc.double({ min: 0, max: 0.9999, noNaN: true });
/** What counts, lengths and offsets are turned into. */
const extreme = fc.constantFrom(
  0n,
  1n,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('turn'), at: place, mask: fc.integer({ min: 1, max: 255 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), at: place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('remove'), at: place, length: fc.integer({ min: 1, max: 64 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('copy'),
      from: place,
      at: place,
      length: fc.integer({ min: 1, max: 512 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('number'),
      at: place,
      width: fc.constantFrom<(2 | 4 | 8)[]>(2, 4, 8),
      value: extreme,
    }),
  },
);

/** Up to six harms, one after another. Half of the places are near the start, where the structure of most formats is. */
export const damages: fc.Arbitrary<readonly Damage[]> = fc
  .tuple(fc.array(damage, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([list, early]) => (early ? list.map((one) => ({ ...one, at: one.at ** 4 })) : list));

export function damaged(sample: Buffer, list: readonly Damage[]): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (const one of list) {
    if (bytes.length === 0) return bytes;
    bytes = harm(bytes, one, Math.floor(one.at * bytes.length));
  }
  return bytes;
}

function harm(bytes: Buffer, one: Damage, at: number): Buffer {
  if (one.kind === 'cut') return bytes.subarray(0, at);
  if (one.kind === 'remove') return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + one.length)]);
  if (one.kind === 'copy') {
    const from = Math.floor(one.from * bytes.length);
    const piece = bytes.subarray(from, from + one.length);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  }
  if (one.kind === 'turn') bytes[at] = (bytes[at] ?? 0) ^ one.mask;
  else {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(one.value);
    number.copy(bytes, at, 0, one.width);
  }
  return bytes;
}
