import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * The whole of a regular file of at most `limit` bytes, and never a wait: a FIFO in a file's place is refused.
 * Throws RangeError when there is more, TypeError when it is no regular file, and what `open` throws.
 */
export function readSmallFile(path: string, limit: number): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new TypeError('not a regular file');
    // One byte more than it says it has: a file that grows meanwhile is noticed.
    const buffer = Buffer.allocUnsafe(Math.min(stats.size, limit) + 1);
    let filled = 0;
    while (filled < buffer.length) {
      const got = readSync(descriptor, buffer, filled, buffer.length - filled, null);
      if (got === 0) return buffer.subarray(0, filled);
      filled += got;
    }
    throw new RangeError(stats.size > limit ? `larger than ${limit} bytes` : 'grew while it was read');
  } finally {
    closeSync(descriptor);
  }
}
