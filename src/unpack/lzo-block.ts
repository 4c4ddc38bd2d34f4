import { repeat } from './lz4-block.ts';
import { Damaged } from './trouble.ts';

/** State after a run of literals; 0 to 3 are so many literals behind a match. */
const AFTER_LITERALS = 4;

/**
 * Decodes one LZO1X block into exactly `size` bytes. Every length and distance is checked: the block may be an attack.
 * Source: Linux, Documentation/staging/lzo.rst.
 */
export function decodeLzo(input: Buffer, size: number): Buffer {
  const output = Buffer.alloc(size);
  let from = 0;
  let to = 0;
  const byte = (): number => {
    const value = input[from++];
    if (value === undefined) throw new Damaged('an LZO block is cut off');
    return value;
  };
  const long = (short: number, base: number): number => {
    if (short !== 0) return short;
    let length = base;
    for (;;) {
      const more = byte();
      if (more !== 0) return length + more;
      length += 255;
    }
  };
  const literals = (count: number): void => {
    if (count > input.length - from || count > size - to) throw new Damaged('LZO literals overrun the block');
    input.copy(output, to, from, from + count);
    from += count;
    to += count;
  };

  let state = 0;
  if ((input[0] ?? 0) > 17) {
    const count = byte() - 17;
    literals(count);
    state = Math.min(count, AFTER_LITERALS);
  }
  for (;;) {
    const code = byte();
    let length;
    let distance;
    let behind = code & 3;
    if (code >= 64) {
      length = (code >> 5) + 1;
      distance = (byte() << 3) + ((code >> 2) & 7) + 1;
    } else if (code >= 16) {
      const mask = code >= 32 ? 31 : 7;
      length = long(code & mask, mask) + 2;
      const word = byte() | (byte() << 8);
      behind = word & 3;
      distance = code >= 32 ? (word >> 2) + 1 : ((code & 8) << 11) + (word >> 2) + 0x4000;
      if (distance === 0x4000) break;
    } else if (state === 0) {
      literals(long(code, 15) + 3);
      state = AFTER_LITERALS;
      continue;
    } else {
      length = state === AFTER_LITERALS ? 3 : 2;
      distance = (byte() << 2) + (code >> 2) + (state === AFTER_LITERALS ? 2049 : 1);
    }
    if (distance > to) throw new Damaged('an LZO match reaches before the beginning');
    if (length > size - to) throw new Damaged('an LZO match overruns the block');
    to = repeat(output, to, distance, length);
    literals(behind);
    state = behind;
  }
  if (to !== size || from !== input.length) throw new Damaged('an LZO block ends where it should not');
  return output;
}
