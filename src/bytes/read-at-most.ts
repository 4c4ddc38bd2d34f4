import { open } from 'node:fs/promises';

/** The whole of a small file. Throws RangeError when it holds more than `limit` bytes, and what `open` throws. */
export async function readAtMost(path: string | Buffer, limit: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(limit + 1);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null);
      if (bytesRead === 0) return Buffer.from(buffer.subarray(0, filled));
      filled += bytesRead;
      if (filled > limit) throw new RangeError(`larger than ${limit} bytes`);
    }
  } finally {
    await handle.close();
  }
}
