import type { Transform } from 'node:stream';
import { createInflate } from 'node:zlib';
import { Damaged } from './trouble.ts';

/** Where a decoder's bytes come from; `giveBack` takes what it did not want of the chunk it was given last. */
export interface PumpInput {
  next(): Promise<Buffer | null>;
  giveBack(count: number): void;
}

/** A decoder of node:zlib. */
export type Decoder = Transform & { readonly bytesWritten: number };

/**
 * Everything that a decoder of node:zlib makes of its input, also what came before an error: the stream's own
 * iterator would drop that. Returns at the end of the compressed data or of the input; throws the decoder's error.
 */
export async function* pump(decoder: Decoder, input: PumpInput): AsyncGenerator<Buffer, void, undefined> {
  const state: { failure: { error: unknown } | null; ended: boolean } = { failure: null, ended: false };
  const saved: Buffer[] = [];
  let wake: () => void = nobody;
  decoder.on('readable', () => wake());
  decoder.once('end', () => {
    state.ended = true;
    wake();
  });
  decoder.once('close', () => wake());
  decoder.on('error', (error: Error) => {
    for (let chunk = read(decoder); chunk !== null; chunk = read(decoder)) saved.push(chunk);
    state.failure ??= { error };
    wake();
  });
  const feeding = feed(decoder, input).catch((error: unknown) => {
    state.failure ??= { error };
    wake();
  });
  try {
    for (;;) {
      const chunk = saved.shift() ?? read(decoder);
      if (chunk !== null) yield chunk;
      else if (state.failure !== null) throw state.failure.error;
      else if (state.ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    decoder.destroy();
    await feeding;
  }
}

function nobody(): void {}

function read(decoder: Decoder): Buffer | null {
  const chunk: unknown = decoder.read();
  return Buffer.isBuffer(chunk) ? chunk : null;
}

async function feed(decoder: Decoder, input: PumpInput): Promise<void> {
  // A decoder that waits for its reader when it is destroyed never calls back.
  const closed = new Promise<void>((resolve) => {
    decoder.once('close', resolve);
  });
  while (!decoder.destroyed) {
    const chunk = await input.next();
    if (chunk === null) {
      decoder.end();
      return;
    }
    if (decoder.destroyed) return;
    const before = decoder.bytesWritten;
    const written = new Promise<void>((resolve) => {
      decoder.write(chunk, () => {
        resolve();
      });
    });
    await Promise.race([written, closed]);
    const unused = chunk.length - (decoder.bytesWritten - before);
    if (unused > 0) {
      if (!decoder.destroyed) input.giveBack(unused);
      return;
    }
  }
}

/** What came out of a decoder in one piece: large enough that its calls do not count. */
const OUTPUT_BYTES = 128 * 1024;

/** The zlib stream (RFC 1950) at the input's place, which then stands behind its end. Throws Damaged. */
export async function* inflated(input: PumpInput): AsyncGenerator<Buffer, void, undefined> {
  let size = 0;
  try {
    for await (const chunk of pump(createInflate({ chunkSize: OUTPUT_BYTES }), input)) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error) ? new Damaged(wordsFor(error, size)) : error;
  }
}

export function isZlibError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_)/.test(String(error.code));
}

export function wordsFor(error: Error & { code: string }, size: number): string {
  return error.code === 'Z_BUF_ERROR'
    ? `cut off after ${size} bytes of content`
    : `${error.message} after ${size} bytes of content`;
}
