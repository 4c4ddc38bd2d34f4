import type { ByteSource } from '../../bytes/index.ts';

/** A place where `PK` and two more bytes stand that could be a signature. */
export interface Mark {
  readonly at: number;
  readonly signature: number;
}

const PK = Buffer.from('PK');
const BYTES = 4;

/** All signatures within [start, end), in order, real and accidental. */
export async function* marksIn(
  source: ByteSource,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Mark, void, undefined> {
  let kept: Buffer = Buffer.alloc(0);
  let position = start;
  for await (const chunk of source.stream(start, end)) {
    signal.throwIfAborted();
    const block = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const from = position - kept.length;
    const last = block.length - BYTES;
    for (let at = block.indexOf(PK); at >= 0 && at <= last; at = block.indexOf(PK, at + 1)) {
      yield { at: from + at, signature: block.readUInt32LE(at) };
    }
    position += chunk.length;
    kept = Buffer.from(block.subarray(Math.max(0, last + 1)));
  }
}
