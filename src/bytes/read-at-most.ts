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

interface Whole {
  /** What fstat said just now. A read that ends exactly there, and was asked for more, has met the end. */
  readonly size?: number;
  /** Told of every call that reads. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** The first `limit` bytes of an open file, fewer if it ends before. The buffer is the caller's. */
export async function readWhole(
  handle: FileHandle,
  limit: number,
  { size, onRead }: Whole = {},
): Promise<Buffer> {
  const expected = size ?? (await handle.stat()).size;
  let buffer = Buffer.allocUnsafeSlow(Math.min(limit, expected + 1));
  for (let filled = 0; ;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
    onRead?.(bytesRead);
    filled += bytesRead;
    // What is empty by its size may be one of /proc: those are asked again.
    const ended = bytesRead === 0 || (filled === size && size > 0);
    if (ended || filled === limit) return buffer.subarray(0, filled);
    if (filled === buffer.length) buffer = Buffer.concat([buffer], Math.min(limit, filled * 2 + 4096));
  }
}
