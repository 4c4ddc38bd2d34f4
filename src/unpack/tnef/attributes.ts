import { Damaged } from '../trouble.ts';
import type { Window } from '../window.ts';

/** [MS-OXTNEF] 2.1.3.2: type in the upper half, number in the lower. */
export const ATTRIBUTE = {
  body: 0x0002800c,
  messageProperties: 0x00069003,
  beginsAttachment: 0x00069002,
  attachmentTitle: 0x00018010,
  attachmentData: 0x0006800f,
  attachmentProperties: 0x00069005,
} as const;

const HEADER_BYTES = 9;
const CHECKSUM_BYTES = 2;

export interface Attribute {
  readonly id: number;
  /** Of its data; the file may end before. */
  readonly start: number;
  readonly end: number;
}

/** The attribute at `at`; null at the end of the file. Throws Damaged where none can be. */
export async function attributeAt(window: Window, at: number): Promise<Attribute | null> {
  const header = await window.slice(at, HEADER_BYTES);
  if (header.length === 0) return null;
  if (header.length < HEADER_BYTES && header.every((byte) => byte === 0 || byte === 10 || byte === 13))
    return null;
  if (header.length < HEADER_BYTES) throw new Damaged('cut off in an attribute', { bytes: header.length });
  const level = header.readUInt8(0);
  if (level !== 1 && level !== 2)
    throw new Damaged(`no attribute at byte ${at}`, { bytes: window.size - at });
  const start = at + HEADER_BYTES;
  return { id: header.readUInt32LE(1), start, end: start + header.readUInt32LE(5) };
}

/** Where the next attribute begins. */
export function behind({ end }: Attribute): number {
  return end + CHECKSUM_BYTES;
}
