import { brotliDecompressSync, constants } from 'node:zlib';
import { known, type Known } from './known.ts';
import type { View } from './view.ts';

/** Decoded of the beginning, in bytes; a bomb's beginning makes more, and is believed. */
const PROBE_OUT = 8 * 1024 * 1024;
/** Noise decodes for some bytes before it breaks off: so much in, or so much out, is no accident. */
const LEAST_IN = 256;
const LEAST_OUT = 64;

/**
 * Brotli has no signature: what is called `.br` or `.brotli` and nothing else is believed when it decodes to its end, or as far as the bytes
 * go (it may be cut off, or go on behind the head). Noise does not get that far.
 */
export function brotliByName(view: View, name: string): Known | null {
  if (!/\.br(?:otli)?$/i.test(name) || view.head.length === 0) return null;
  const { head } = view;
  const whole = view.whole ? probe(head, constants.BROTLI_OPERATION_FINISH) : 'broken';
  const toItsEnd = whole === 'large' || (whole !== 'broken' && believable(whole, head.length));
  if (toItsEnd) return known('application/x-brotli');
  const begun = probe(head, constants.BROTLI_OPERATION_FLUSH);
  const goesOn =
    begun === 'large' || (begun !== 'broken' && begun.used === head.length && head.length >= LEAST_IN);
  return goesOn ? known('application/x-brotli') : null;
}

interface Decoded {
  /** Bytes that were taken, and that came out. */
  readonly used: number;
  readonly out: number;
}

function believable({ used, out }: Decoded, length: number): boolean {
  return used === length || out >= LEAST_OUT;
}

function probe(head: Buffer, finishFlush: number): Decoded | 'large' | 'broken' {
  try {
    const result = brotliDecompressSync(head, { finishFlush, maxOutputLength: PROBE_OUT, info: true });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `info` is not in Node's types yet
    const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { used: engine.bytesWritten, out: buffer.length };
  } catch (error) {
    const large = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return large ? 'large' : 'broken';
  }
}
