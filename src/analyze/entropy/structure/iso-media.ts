import type { Walk } from './walk.ts';

/** ISO/IEC 14496-12, 4.2: four printable characters, also the copyright sign of QuickTime. */
const BOX_TYPE = /^[\x20-\x7e\xa9][\x20-\x7e]{3}$/;
/** Boxes that hold boxes, down to the sample tables. */
const ENTERED: ReadonlySet<string> = new Set([
  'moov',
  'trak',
  'mdia',
  'minf',
  'stbl',
  'moof',
  'traf',
  'edts',
]);

/** Where a film's index was met. */
export interface FilmIndex {
  at: number;
  bytes: number;
}

/** Boxes by their sizes; where they hold boxes, those too. `index` is filled in when one is met. */
export function* isoMedia(index: FilmIndex): Walk {
  let position = 0;
  for (let boxes = 0; ; boxes++) {
    const head = yield { take: 8 };
    if (head.ended) return head.bytes.length === 0 && boxes > 0 ? 'holds' : 'broken';
    const type = head.bytes.toString('latin1', 4, 8);
    let size = head.bytes.readUInt32BE(0);
    if (!BOX_TYPE.test(type)) return isPadding(head.bytes) ? 'holds' : 'broken';
    // To the end of the file.
    if (size === 0) return 'holds';
    if (size === 1) {
      const large = yield { take: 8 };
      if (large.ended) return 'broken';
      position += 8;
      size = Number(large.bytes.readBigUInt64BE(0)) - 8;
    }
    if (size < 8) return 'broken';
    if (type === 'moov') Object.assign(index, { at: position, bytes: size });
    position += 8;
    if (ENTERED.has(type)) continue;
    yield { pass: size - 8 };
    position += size - 8;
  }
}

function isPadding(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
