import { SIGNATURE, type Reading } from './headers.ts';

/** With signature, check sum and sizes of 8 bytes (APPNOTE 4.3.9). */
export const DESCRIPTOR_BYTES = 24;

/**
 * How long the data descriptor is that `block` begins with; 0: none with the values of `reading`. Its signature may
 * be missing, its sizes have 4 or 8 bytes.
 */
export function descriptorBytes(block: Buffer, { packed, size, crc }: Reading): number {
  for (const signed of [4, 0]) {
    if (signed === 4 && (block.length < 4 || block.readUInt32LE(0) !== SIGNATURE.descriptor)) continue;
    const rest = block.subarray(signed);
    if (rest.length < 12 || (crc !== null && rest.readUInt32LE(0) !== crc)) continue;
    if (rest.length >= 20 && wide(rest, 4) === packed && wide(rest, 12) === size) return signed + 20;
    if (rest.readUInt32LE(4) === packed % 2 ** 32 && rest.readUInt32LE(8) === size % 2 ** 32)
      return signed + 12;
  }
  return 0;
}

/** What a descriptor says that ends the member: its values, with sizes of 4 or 8 bytes, if `packed` is as told. */
export function describedBy(
  block: Buffer,
  packed: number,
): { readonly crc: number; readonly packed: number; readonly size: number; readonly bytes: number } | null {
  if (block.length >= 20 && wide(block, 4) === packed)
    return { crc: block.readUInt32LE(0), packed, size: wide(block, 12), bytes: 20 };
  if (block.length >= 12 && block.readUInt32LE(4) === packed % 2 ** 32)
    return { crc: block.readUInt32LE(0), packed, size: block.readUInt32LE(8), bytes: 12 };
  return null;
}

function wide(block: Buffer, at: number): number {
  return Number(block.readBigUInt64LE(at));
}
