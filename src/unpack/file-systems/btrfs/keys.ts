/** btrfs.readthedocs.io, "On-disk Format", keys: object, type and offset, 17 bytes. */
export const KEY_BYTES = 17;

export const INODE_ITEM = 1;
export const DIR_INDEX = 96;
export const EXTENT_DATA = 108;
export const ROOT_ITEM = 132;
export const CHUNK_ITEM = 228;

export function key(object: number, type: number, offset: number): Buffer {
  const bytes = Buffer.alloc(KEY_BYTES);
  bytes.writeBigUInt64LE(BigInt(object), 0);
  bytes.writeUInt8(type, 8);
  bytes.writeBigUInt64LE(BigInt(offset), 9);
  return bytes;
}

/** Negative, 0 or positive, as `a` stands before, at or after `b`. */
export function compareKeys(a: Buffer, atA: number, b: Buffer, atB: number): number {
  return (
    a.readUInt32LE(atA + 4) - b.readUInt32LE(atB + 4) ||
    a.readUInt32LE(atA) - b.readUInt32LE(atB) ||
    a.readUInt8(atA + 8) - b.readUInt8(atB + 8) ||
    a.readUInt32LE(atA + 13) - b.readUInt32LE(atB + 13) ||
    a.readUInt32LE(atA + 9) - b.readUInt32LE(atB + 9)
  );
}
