import { crc32 } from 'node:zlib';
import type { Walk } from './walk.ts';

/** What is beside the picture (5.4: a small first letter) and shorter than this, in bytes, some programs write with a wrong sum. */
const MOST_FORGIVEN = 512;

/** PNG specification, 5.3: length, four letters, data, and a CRC-32 over letters and data. Each is held against its sum. */
export function* png(): Walk {
  yield { take: 8 };
  for (;;) {
    const head = yield { take: 8 };
    if (head.ended) return 'broken';
    const length = head.bytes.readUInt32BE(0);
    const type = head.bytes.toString('latin1', 4, 8);
    if (!/^[A-Za-z]{4}$/.test(type) || length > 0x7fffffff) return 'broken';
    const name = crc32(head.bytes.subarray(4, 8));
    const { sum } = yield { pass: length, sum: { start: name, over: crc32 } };
    const written = yield { take: 4 };
    const isForgiven = /^[a-z]/.test(type) && length < MOST_FORGIVEN;
    if (written.ended || (written.bytes.readUInt32BE(0) !== sum && !isForgiven)) return 'broken';
    // What follows the end is an artifact of its own.
    if (type === 'IEND') return 'holds';
  }
}
