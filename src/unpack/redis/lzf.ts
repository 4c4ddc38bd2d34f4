import { repeat } from '../lz4-block.ts';
import { Damaged } from '../trouble.ts';

/** Control bytes below this are a row of literals (liblzf, lzf_d.c). */
const LITERALS = 32;
/** The three bits of a length that goes on in a byte of its own. */
const LONG = 7;
const LEAST_MATCH = 2;

/** Decodes what liblzf packed, `size` bytes in all. Throws Damaged. The result belongs to the caller. */
export function decodeLzf(input: Buffer, size: number): Buffer {
  const output = Buffer.alloc(size);
  let from = 0;
  let to = 0;
  while (from < input.length) {
    const control = input[from++] ?? 0;
    if (control < LITERALS) {
      const length = control + 1;
      if (from + length > input.length || to + length > size) throw new Damaged('LZF literals overrun');
      input.copy(output, to, from, from + length);
      from += length;
      to += length;
      continue;
    }
    let length = control >> 5;
    if (length === LONG) length += input[from++] ?? 0;
    const distance = ((control & 31) << 8) + (input[from++] ?? 0) + 1;
    length += LEAST_MATCH;
    if (from > input.length || distance > to || to + length > size)
      throw new Damaged('an LZF match overruns');
    to = repeat(output, to, distance, length);
  }
  if (to < size) throw new Damaged(`LZF data of ${to} bytes, where ${size} were said`);
  return output;
}
