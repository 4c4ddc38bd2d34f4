import { crc32 } from 'node:zlib';
import type { Walk } from './walk.ts';

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
    if (written.ended || written.bytes.readUInt32BE(0) !== sum) return 'broken';
    // What follows the end is an artifact of its own.
    if (type === 'IEND') return 'holds';
  }
}
