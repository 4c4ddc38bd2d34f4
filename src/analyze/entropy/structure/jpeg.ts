import type { Ask, Answer, Walk } from './walk.ts';

/** ITU-T T.81, table B.1. */
const MARKER = 0xff;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** What may end a scan: another one, a table for it, its height, a comment, the end. In noise, one of 37 does. */
const AFTER_A_SCAN: ReadonlySet<number> = new Set([0xc4, 0xcc, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xfe]);

/**
 * Segments by their lengths; and in a scan, after every FF, 00 or a restart marker (B.1.1.5): every 256th byte of a
 * cipher's output is FF, and hardly ever followed by what may follow it.
 */
export function* jpeg(): Walk {
  yield { take: 2 };
  let scans = 0;
  for (let code = yield* marker(); ;) {
    if (code === null || (code < 0xc0 && code !== 0x01)) return 'broken';
    // Without a scan there is no picture, whatever its segments hold.
    if (code === END_OF_IMAGE) return scans > 0 ? 'holds' : 'broken';
    if (code === START_OF_SCAN) scans++;
    if (!standsAlone(code)) {
      const { bytes, ended } = yield { take: 2 };
      if (ended || bytes.readUInt16BE(0) < 2) return 'broken';
      yield { pass: bytes.readUInt16BE(0) - 2 };
    }
    code = code === START_OF_SCAN ? yield* scan() : yield* marker();
  }
}

/** The next marker's code; any number of fill bytes may stand before it (B.1.1.2). null: there is none. */
function* marker(): Generator<Ask, number | null, Answer> {
  let { bytes, ended } = yield { take: 2 };
  if (ended || bytes[0] !== MARKER) return null;
  let code = bytes[1] ?? 0;
  while (code === MARKER) {
    ({ bytes, ended } = yield { take: 1 });
    if (ended) return null;
    code = bytes[0] ?? 0;
  }
  return code;
}

/** Passes compressed data; the code of the marker that ends it. */
function* scan(): Generator<Ask, number | null, Answer> {
  for (;;) {
    yield { find: (piece) => piece.indexOf(MARKER) };
    const code = yield* marker();
    if (code !== null && (code === 0 || standsAlone(code))) continue;
    return code !== null && AFTER_A_SCAN.has(code) ? code : null;
  }
}

/** TEM and the restart markers have no length. */
function standsAlone(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= 0xd7);
}
