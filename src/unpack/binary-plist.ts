import { Damaged } from './trouble.ts';
import type { Window } from './window.ts';

const TRAILER_BYTES = 32;
/** Marker bytes: what an object is stands in the upper half, its length in the lower one (CFBinaryPList.c). */
const DATA = 4;
const ASCII = 5;
const WHOLE_NUMBER = 1;
/** The lower half, where the length is a number of its own behind the marker. */
const LONG = 15;
/** A marker, that of the number, and the number. */
const HEAD_BYTES = 10;

export interface PlistTable {
  readonly objects: number;
  /** Where the offsets of the objects begin, which is where the last object ends. */
  readonly start: number;
  /** Of one of them: 1 to 6. */
  readonly offsetBytes: number;
}

/** Bytes of an object that may hold something. */
export interface PlistValue {
  readonly kind: 'data' | 'text';
  readonly start: number;
  readonly length: number;
}

/** What the end of the file says of its objects. Throws Damaged. */
export async function plistTrailer(file: Window): Promise<PlistTable> {
  const trailer = await file.slice(Math.max(0, file.size - TRAILER_BYTES), TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES) throw new Damaged('cut off before its trailer');
  const offsetBytes = trailer.readUInt8(6);
  const objects = Number(trailer.readBigUInt64BE(8));
  const start = Number(trailer.readBigUInt64BE(24));
  const fits = offsetBytes >= 1 && offsetBytes <= 6 && objects >= 1;
  if (!fits || start + objects * offsetBytes > file.size - TRAILER_BYTES)
    throw new Damaged('its trailer says what cannot be');
  return { objects, start, offsetBytes };
}

/** The object at this place; null: it is a number, a list, or whatever else holds no bytes of its own. */
export async function plistObject(file: Window, at: number): Promise<PlistValue | null> {
  const head = file.atHand(at, HEAD_BYTES) ?? (await file.ahead(at)).subarray(0, HEAD_BYTES);
  const marker = head[0] ?? 0;
  const kind = marker >> 4;
  if (kind !== DATA && kind !== ASCII) return null;
  const is = kind === DATA ? 'data' : 'text';
  if ((marker & 15) !== LONG) return { kind: is, start: at + 1, length: marker & 15 };
  const number = head[1] ?? 0;
  const bytes = 2 ** (number & 15);
  if (number >> 4 !== WHOLE_NUMBER || bytes > 8 || head.length < 2 + bytes)
    throw new Damaged('an object without a length');
  const length = bytes === 8 ? Number(head.readBigUInt64BE(2)) : head.readUIntBE(2, bytes);
  return { kind: is, start: at + 2 + bytes, length };
}
