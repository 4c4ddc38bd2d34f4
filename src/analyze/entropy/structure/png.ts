import { constants, crc32, inflateRawSync, inflateSync } from 'node:zlib';
import { errorCode } from '../../../bytes/index.ts';
import type { Walk } from './walk.ts';

/** What is beside the picture (5.4: a small first letter) and shorter than this, in bytes, some programs write with a wrong sum. */
const MOST_FORGIVEN = 512;

/** Of the picture's data, in bytes: noise is no deflate stream after a few of them. */
const LOOKED_AT = 4096;
/** What comes out of them, in bytes: more than that is no noise either. */
const MOST_INFLATED = 64 * 1024;

/**
 * PNG specification, 5.3: length, four letters, data, and a CRC-32 over letters and data. Each is held against its sum; and since
 * whoever writes noise can write sums, the picture's data must begin as a zlib stream (10.1).
 */
export function* png(): Walk {
  yield { take: 8 };
  // Xcode writes such a chunk first, and no zlib header.
  let isBare = false;
  let begun = Buffer.alloc(0);
  for (;;) {
    const head = yield { take: 8 };
    if (head.ended) return 'broken';
    const length = head.bytes.readUInt32BE(0);
    const type = head.bytes.toString('latin1', 4, 8);
    if (!/^[A-Za-z]{4}$/.test(type) || length > 0x7fffffff) return 'broken';
    isBare ||= type === 'CgBI';
    let before = crc32(head.bytes.subarray(4, 8));
    let left = length;
    if (type === 'IDAT' && length > 0 && begun.length < LOOKED_AT) {
      const { bytes } = yield { take: Math.min(length, LOOKED_AT - begun.length) };
      begun = Buffer.concat([begun, bytes]);
      if (!inflates(begun, isBare)) return 'broken';
      before = crc32(bytes, before);
      left -= bytes.length;
    }
    const { sum } = yield { pass: left, sum: { start: before, over: crc32 } };
    const written = yield { take: 4 };
    const isForgiven = /^[a-z]/.test(type) && length < MOST_FORGIVEN;
    if (written.ended || (written.bytes.readUInt32BE(0) !== sum && !isForgiven)) return 'broken';
    // What follows the end is an artifact of its own.
    if (type === 'IEND') return 'holds';
  }
}

function inflates(bytes: Buffer, isBare: boolean): boolean {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_INFLATED };
  try {
    (isBare ? inflateRawSync : inflateSync)(bytes, options);
    return true;
  } catch (error) {
    return errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
  }
}
