import type { ByteSource } from '../../bytes/index.ts';

/** A copy of [position, position + count) of a small part; shorter where the source ends. */
export async function bytesAt(source: ByteSource, position: number, count: number): Promise<Buffer> {
  if (position < 0 || position >= source.size) return Buffer.alloc(0);
  const bytes = Buffer.alloc(Math.min(count, source.size - position));
  return bytes.subarray(0, await source.readAt(bytes, position));
}

/** The bytes as far as they go, zeros after that: for headers whose fields are read one by one. */
export async function paddedAt(source: ByteSource, position: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  (await bytesAt(source, position, count)).copy(bytes);
  return bytes;
}

/** A number that may be larger than what can be counted exactly; then Infinity. */
export function countOf(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
}

/** Entries of a table in pieces of this many bytes. */
const PIECE_BYTES = 1024 * 1024;

/** A table in pieces, each a whole number of entries of `width` bytes; ends where the source ends. */
export async function* tablePieces(
  source: ByteSource,
  position: number,
  count: number,
  width: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly first: number; readonly bytes: Buffer }, void, undefined> {
  const step = Math.floor(PIECE_BYTES / width);
  for (let first = 0; first < count; first += step) {
    signal.throwIfAborted();
    const bytes = await bytesAt(source, position + first * width, Math.min(step, count - first) * width);
    if (bytes.length >= width)
      yield { first, bytes: bytes.subarray(0, bytes.length - (bytes.length % width)) };
    if (bytes.length < step * width) return;
  }
}
