import { Damaged } from './trouble.ts';

/**
 * Decodes one Snappy block of at most `most` bytes. Every length and offset is checked: the block may be an attack.
 * Source: https://github.com/google/snappy/blob/main/format_description.txt
 */
export function decodeSnappy(input: Buffer, most: number): Buffer {
  let from = 0;
  const byte = (): number => {
    const value = input[from++];
    if (value === undefined) throw new Damaged('a Snappy block is cut off');
    return value;
  };
  const little = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const part = byte();
    size += (part & 0x7f) * 2 ** shift;
    if (size > most) throw new Damaged(`a Snappy block of ${size} bytes, where ${most} is the most`);
    if (part < 0x80) break;
  }
  const output = Buffer.alloc(size);
  let to = 0;
  while (from < input.length) {
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const length = (short < 60 ? short : little(short - 59)) + 1;
      if (length > input.length - from || length > size - to)
        throw new Damaged('Snappy literals overrun the block');
      to += input.copy(output, to, from, from + length);
      from += length;
      continue;
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distance = kind === 1 ? ((tag >> 5) << 8) + byte() : little(kind === 2 ? 2 : 4);
    if (distance === 0 || distance > to) throw new Damaged('a Snappy match reaches before the beginning');
    if (length > size - to) throw new Damaged('a Snappy match overruns the block');
    for (const end = to + length; to < end; to++) output[to] = output[to - distance] ?? 0;
  }
  if (to !== size) throw new Damaged(`a Snappy block of ${to} bytes that says it has ${size}`);
  return output;
}
