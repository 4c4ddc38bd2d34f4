import type { Answer, Ask, Walk } from './walk.ts';

/** RFC 8794 and RFC 9559: elements that hold others, and so are entered: Segment, Cluster, BlockGroup. */
const SEGMENT = 0x18538067;
const ENTERED: ReadonlySet<number> = new Set([SEGMENT, 0x1f43b675, 0xa0]);
/** Elements found where a film's frames are, and at the top. Anything else is no film. */
const KNOWN: ReadonlySet<number> = new Set([
  0x1a45dfa3, 0x18538067, 0x1f43b675, 0x114d9b74, 0x1549a966, 0x1654ae6b, 0x1c53bb6b, 0x1941a469, 0x1043a770,
  0x1254c367, 0xec, 0xbf, 0xe7, 0xa7, 0xab, 0xa3, 0xa0, 0xa1, 0x9b, 0xfb, 0xfd, 0xa6, 0x75a1, 0xa4, 0x75a2,
  0xfa, 0xee, 0x5854, 0x8e, 0xaf,
]);

/** Where the file says that it ends; 0 while it has not said so. */
export interface Declared {
  end: number;
}

export function* matroska(declared: Declared): Walk {
  for (let count = 0; ; count++) {
    const id = yield* number(true);
    if (id === null) return count > 2 ? 'holds' : 'broken';
    const size = yield* number(false);
    if (size === null || !KNOWN.has(id)) return 'broken';
    // Of unknown size: only what is entered may be.
    if (id === SEGMENT && size !== Infinity) declared.end = size;
    if (ENTERED.has(id)) continue;
    if (size === Infinity) return 'broken';
    yield { pass: size };
  }
}

/** A number whose first bit that is set says how long it is (RFC 8794, 4). An id keeps that bit. */
function* number(isId: boolean): Generator<Ask, number | null, Answer> {
  const { bytes, ended } = yield { take: 1 };
  const first = bytes[0] ?? 0;
  if (ended) return null;
  const more = Math.clz32(first) - 24;
  if (more > (isId ? 3 : 7)) return isId ? 0 : null;
  let value = isId ? first : first & (0x7f >> more);
  let ones = (first & (0x7f >> more)) === 0x7f >> more;
  if (more > 0) {
    const rest = yield { take: more };
    if (rest.ended) return isId ? 0 : null;
    for (const byte of rest.bytes) {
      value = value * 256 + byte;
      ones &&= byte === 0xff;
    }
  }
  return ones && !isId ? Infinity : value;
}
