import type { Analyzer, Outcome, Subject } from '../../../src/analyze/analyzer.ts';

/** A subject as a pipeline would make it for bytes that only stream past. */
export function subjectOf(head: Buffer, size: number | null, signal = new AbortController().signal): Subject {
  return {
    artifact: { id: 0, parent: null, trail: ['sample'] },
    type: {
      mime: 'application/octet-stream',
      description: 'data',
      by: 'unknown',
      container: null,
      density: 'unknown',
      claimed: null,
      contradiction: null,
      renamed_from: null,
      second: null,
    },
    isPiece: false,
    head: head.subarray(0, 128 * 1024),
    size,
    source: null,
    signal,
  };
}

/** Streams `chunks` past `analyzer`; each chunk is overwritten once it was taken, and its memory used again, as a pipeline's is. */
export async function streamThrough(
  analyzer: Analyzer,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  options: { readonly size?: number | null; readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  const examination = analyzer.examine(subjectOf(Buffer.alloc(0), options.size ?? null, options.signal));
  if (examination === null) throw new Error(`${analyzer.id} has no business with it`);
  let buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (buffer.length < chunk.length) buffer = Buffer.allocUnsafe(chunk.length);
    const lent = buffer.subarray(0, chunk.length);
    lent.set(chunk);
    await examination.write(lent);
    lent.fill(0xaa);
  }
  return examination.end();
}

/** `bytes` in pieces of `size` bytes. */
export function* piecesOf(bytes: Buffer, size = 64 * 1024): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Bytes that look like noise and are the same in every run. */
export function noise(bytes: number, seed = 1): Buffer {
  const buffer = Buffer.allocUnsafe(Math.ceil(bytes / 4) * 4);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < buffer.length; at += 4) {
    // xorshift32 (Marsaglia 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    buffer.writeInt32LE(state, at);
  }
  return buffer.subarray(0, bytes);
}
