import { open, type FileHandle } from 'node:fs/promises';

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

/** The first `limit` bytes of an open file, fewer if it ends before. The buffer is the caller's. */
export async function readWhole(
  handle: FileHandle,
  limit: number,
  onRead?: (bytes: number) => void,
): Promise<Buffer> {
  const { size } = await handle.stat();
  let buffer = Buffer.allocUnsafeSlow(Math.min(limit, size + 1));
  for (let filled = 0; ;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
    onRead?.(bytesRead);
    filled += bytesRead;
    if (bytesRead === 0 || filled === limit) return buffer.subarray(0, filled);
    if (filled === buffer.length) buffer = Buffer.concat([buffer], Math.min(limit, filled * 2 + 4096));
  }
}
