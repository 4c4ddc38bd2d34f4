import { Damaged } from '../trouble.ts';
import type { Cell } from './cells.ts';
import { varintAt } from './varint.ts';

/** 32,767 columns, the most there can be, of up to 9 bytes each. */
const MAX_HEADER_BYTES = 9 * 32_768;

/** One value of a record, by place. */
export interface Value {
  readonly kind: 'blob' | 'text' | 'other';
  /** From the record's first byte. */
  readonly start: number;
  readonly end: number;
  /** Serial type: https://www.sqlite.org/fileformat2.html, 2.1. */
  readonly type: number;
}

/** Bytes of the serial types 0 to 9: nothing, whole numbers, a real number, 0 and 1. */
const FIXED: readonly number[] = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/** Bytes of the record's header, at most 288 KiB. Throws Damaged. */
export function headerBytes({ local, size }: Cell): number {
  const length = varintAt(local, 0, local.length);
  if (length.length === 0 || length.value > size || length.value > MAX_HEADER_BYTES) {
    throw new Damaged('the header of a record is longer than the record');
  }
  return length.value;
}

/** Where the values of a record lie, by its whole header. Throws Damaged. */
export function valuesOf(header: Buffer, size: number): Value[] {
  const values: Value[] = [];
  let at = varintAt(header, 0, header.length).length;
  let start = header.length;
  while (at < header.length) {
    const type = varintAt(header, at, header.length);
    if (type.length === 0) throw new Damaged('the header of a record is cut off');
    at += type.length;
    const bytes = type.value >= 12 ? Math.floor((type.value - 12) / 2) : (FIXED[type.value] ?? 0);
    const kind = type.value < 12 ? 'other' : type.value % 2 === 0 ? 'blob' : 'text';
    values.push({ kind, start, end: start + bytes, type: type.value });
    start += bytes;
  }
  if (start > size) throw new Damaged('the values of a record are longer than the record');
  // Behind the last value SQLite looks at nothing.
  if (start < size) values.push({ kind: 'blob', start, end: size, type: 12 });
  return values;
}

/** A whole number; null when the value is none, or not wholly in the page. */
export function wholeNumber({ local }: Cell, { type, start, end }: Value): number | null {
  if (type === 8 || type === 9) return type - 8;
  if (type < 1 || type > 6 || end > local.length) return null;
  return end - start === 8 ? Number(local.readBigInt64BE(start)) : local.readIntBE(start, end - start);
}
