import { brotliDecompressSync, constants } from 'node:zlib';
import { known, type Known } from './known.ts';
import type { View } from './view.ts';

/** Decoded of the beginning, in bytes; a bomb's beginning makes more, and is believed. */
const PROBE_OUT = 8 * 1024 * 1024;

/**
 * Brotli has no signature: what is called `.br` and nothing else is believed when it decodes, all of it where the head is all
 * there is, and to the head's end where it is not. Noise does not get that far.
 */
export function brotliByName(view: View, name: string): Known | null {
  if (!/\.br$/i.test(name) || view.head.length === 0) return null;
  const finishFlush = view.whole ? constants.BROTLI_OPERATION_FINISH : constants.BROTLI_OPERATION_FLUSH;
  try {
    const probe = brotliDecompressSync(view.head, { finishFlush, maxOutputLength: PROBE_OUT, info: true });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `info` is not in Node's types yet
    const { engine } = probe as unknown as { readonly engine: { readonly bytesWritten: number } };
    return engine.bytesWritten === view.head.length ? known('application/x-brotli') : null;
  } catch (error) {
    const large = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return large ? known('application/x-brotli') : null;
  }
}
