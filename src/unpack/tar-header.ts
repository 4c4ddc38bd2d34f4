import { tarOctal } from '../bytes/index.ts';
import { Damaged } from './trouble.ts';

/** What one header block says. Names are bytes without their end mark. */
export interface TarHeader {
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly size: number;
  /** The type flag; `'\0'` of the oldest archives is given as `'0'`. */
  readonly type: string;
  readonly block: Buffer;
}

/** `block` must be one that `isTarHeader` accepts, and stays the header's. Throws Damaged. */
export function parseHeader(block: Buffer): TarHeader {
  const name = text(block.subarray(0, 100));
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? text(block.subarray(345, 500)) : Buffer.alloc(0);
  const flag = String.fromCharCode(block[156] ?? 0);
  return {
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    linkName: text(block.subarray(157, 257)),
    size: number(block.subarray(124, 136)),
    type: flag === '\0' ? '0' : flag,
    block,
  };
}

/** A number field: octal text, or base 256 when its first bit is set. Throws Damaged. */
export function number(field: Buffer): number {
  const first = field[0] ?? 0;
  if ((first & 0x80) === 0) {
    const value = tarOctal(field);
    if (value === null) throw new Damaged('a number in a tar header is not octal');
    return value;
  }
  let value = first & 0x7f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  if (first === 0xff || !Number.isSafeInteger(value))
    throw new Damaged('a number in a tar header is out of range');
  return value;
}

function text(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}
