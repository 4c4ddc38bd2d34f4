import { unpackedUnit } from '../../../bytes/index.ts';
import { decodeLzo } from '../../lzo-block.ts';
import { Damaged } from '../../trouble.ts';
import type { Compression } from './file-extent.ts';

/** What is compressed at once: 128 KiB (BTRFS_MAX_UNCOMPRESSED); more is not believed. */
export const MAX_UNIT_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;
const LENGTH_BYTES = 4;

/** What one extent becomes; null when it cannot be decoded. */
export function unitOf(
  compression: Compression,
  stored: Buffer,
  size: number,
  blockBytes: number,
): Buffer | null {
  if (compression === 'none') return stored;
  if (compression !== 'lzo') return unpackedUnit(compression, stored, size);
  try {
    return lzoUnit(stored, size, blockBytes);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    return null;
  }
}

/** Linux, fs/btrfs/lzo.c: the length of all, then blocks with their lengths, none of which is parted by a page's end. */
function lzoUnit(stored: Buffer, size: number, blockBytes: number): Buffer {
  const page = Math.max(PAGE_BYTES, blockBytes);
  const total = Math.min(stored.length, stored.length < LENGTH_BYTES ? 0 : stored.readUInt32LE(0));
  const parts: Buffer[] = [];
  let made = 0;
  for (let at = LENGTH_BYTES; at + LENGTH_BYTES <= total && made < size;) {
    const left = page - (at % page);
    if (left < LENGTH_BYTES) {
      at += left;
      continue;
    }
    const length = stored.readUInt32LE(at);
    at += LENGTH_BYTES;
    if (length === 0 || at + length > total) throw new Damaged('an LZO block is cut off');
    const part = decodeLzo(stored.subarray(at, at + length), Math.min(page, size - made));
    parts.push(part);
    made += part.length;
    at += length;
  }
  return Buffer.concat(parts);
}
