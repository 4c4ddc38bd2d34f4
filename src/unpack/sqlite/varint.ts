/** A number of up to 64 bits, most significant bits first, seven a byte and eight in a ninth. */
export interface Varint {
  readonly value: number;
  /** Bytes it takes; 0: it is cut off. */
  readonly length: number;
}

const CUT: Varint = { value: 0, length: 0 };

/** Reads one at `at`, not going past `end`. Beyond 2^53 the value is only near: no length in a file is that large. */
export function varintAt(bytes: Buffer, at: number, end: number): Varint {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    if (at + i >= end) return CUT;
    const byte = bytes[at + i] ?? 0;
    if (i === 8) return { value: value * 256 + byte, length: 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, length: i + 1 };
  }
  return CUT;
}
