import { constants, inflateRawSync, inflateSync } from 'node:zlib';

/** In bytes: where a compressed stream may begin in data of no known type, behind lengths and counts. */
const SEARCHED = 64;
/** In bytes of input that must inflate without a fault: noise does not get as far (each code has one chance in two to be legal). */
const PROBE_BYTES = 1024;
/** In bytes: fewer may inflate by chance. */
const LEAST_RAW = 256;
const MOST_OUT = 8 * 1024 * 1024;

/**
 * Data of no known type that begins with a compressed stream (RFC 1950, 1951): decoded, not recognised. Small ones look like noise.
 */
export function isDeflated(head: Buffer): boolean {
  if (inflatesRaw(head.subarray(0, PROBE_BYTES))) return true;
  for (let at = 0; at < Math.min(SEARCHED, head.length - 2); at++) {
    if (((head[at] ?? 0) & 0x0f) !== 8 || (head[at] ?? 0) >> 4 > 7 || head.readUInt16BE(at) % 31 !== 0)
      continue;
    if (inflates(head.subarray(at, at + PROBE_BYTES))) return true;
  }
  return false;
}

function inflates(bytes: Buffer): boolean {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_OUT };
    return inflateSync(bytes, options).length > 0;
  } catch {
    // No such stream: nothing is lost but the excuse.
    return false;
  }
}

/** Without header and sum: all of the probe must be taken, for noise may end a stream early. */
function inflatesRaw(bytes: Buffer): boolean {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_OUT, info: true };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `info` is not in Node's types yet
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as Inflated;
    return (
      buffer.length > 0 &&
      engine.bytesWritten >= Math.min(PROBE_BYTES, bytes.length) &&
      bytes.length >= LEAST_RAW
    );
  } catch {
    return false;
  }
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
