import { inflateRawSync, inflateSync } from 'node:zlib';

/** Compressed data that were decoded in one call. */
export interface AtOnce {
  /** Belongs to the caller. */
  readonly content: Buffer;
  /** Bytes of the input that they took. */
  readonly used: number;
}

/**
 * One call where a decoder of its own would cost a hundred times more: for small data. null when they are damaged, not all in
 * `bytes`, or larger than `most` bytes when they are out: what can be had of those comes piece by piece.
 */
export function inflateAtOnce(bytes: Buffer, kind: 'zlib' | 'raw', most: number): AtOnce | null {
  const decode = kind === 'raw' ? inflateRawSync : inflateSync;
  try {
    const result: unknown = decode(bytes, { maxOutputLength: most, info: true });
    return isInformed(result) ? { content: result.buffer, used: result.engine.bytesWritten } : null;
  } catch {
    return null;
  }
}

/** What the synchronous calls return with `info`; their types do not say so. */
function isInformed(result: unknown): result is { buffer: Buffer; engine: { bytesWritten: number } } {
  return typeof result === 'object' && result !== null && 'buffer' in result && 'engine' in result;
}
