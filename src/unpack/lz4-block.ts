import { Damaged } from './trouble.ts';

const MIN_MATCH = 4;
/** Bytes copied at a time. */
const WORD = 4;

/**
 * Decodes one LZ4 block from `input` into `output` from `start`; matches may reach back to `output[0]`. Returns the
 * end of what was written. Every length and distance is checked: the block may be an attack.
 */
export function decodeBlock(input: Buffer, output: Buffer, start: number): number {
  const source = new DataView(input.buffer, input.byteOffset, input.length);
  const target = new DataView(output.buffer, output.byteOffset, output.length);
  const targetEnd = output.length;
  let from = 0;
  let to = start;
  const inputEnd = input.length;
  while (from < inputEnd) {
    const token = input[from++] ?? 0;
    let literals = token >> 4;
    if (literals === 15) {
      let more;
      do {
        if (from >= inputEnd) throw new Damaged('an LZ4 block ends in a length');
        more = input[from++] ?? 0;
        literals += more;
      } while (more === 255);
    }
    if (literals > inputEnd - from || literals > output.length - to)
      throw new Damaged('LZ4 literals overrun the block');
    if (literals > 64) input.copy(output, to, from, from + literals);
    else if (from + literals + WORD <= inputEnd && to + literals + WORD <= targetEnd) {
      // Whole words: what is written too far is written again by what follows.
      for (let i = 0; i < literals; i += WORD) target.setInt32(to + i, source.getInt32(from + i, true), true);
    } else for (let i = 0; i < literals; i++) output[to + i] = input[from + i] ?? 0;
    from += literals;
    to += literals;
    if (from === inputEnd) return to;
    if (inputEnd - from < 2) throw new Damaged('an LZ4 block ends in a distance');
    const distance = (input[from] ?? 0) | ((input[from + 1] ?? 0) << 8);
    from += 2;
    if (distance === 0 || distance > to) throw new Damaged('an LZ4 match reaches before the beginning');
    let length = token & 15;
    if (length === 15) {
      let more;
      do {
        if (from >= inputEnd) throw new Damaged('an LZ4 block ends in a length');
        more = input[from++] ?? 0;
        length += more;
      } while (more === 255);
    }
    length += MIN_MATCH;
    if (length > output.length - to) throw new Damaged('an LZ4 match overruns the block');
    if (length <= 64 && distance >= WORD && to + length + WORD <= targetEnd) {
      const back = to - distance;
      for (let i = 0; i < length; i += WORD) target.setInt32(to + i, target.getInt32(back + i, true), true);
      to += length;
    } else to = repeat(output, to, distance, length);
  }
  return to;
}

/** Copies `length` bytes from `distance` back; what is copied may itself be copied on. */
export function repeat(output: Buffer, to: number, distance: number, length: number): number {
  const end = to + length;
  if (length <= 32) {
    for (let i = to; i < end; i++) output[i] = output[i - distance] ?? 0;
  } else if (distance >= length) output.copyWithin(to, to - distance, to - distance + length);
  else if (distance === 1) output.fill(output[to - 1] ?? 0, to, end);
  else {
    // Each step doubles what can be copied at once.
    const from = to - distance;
    for (let done = to; done < end;) {
      const part = Math.min(done - from, end - done);
      output.copyWithin(done, from, from + part);
      done += part;
    }
  }
  return end;
}
