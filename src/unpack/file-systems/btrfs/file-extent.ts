import { countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';
import type { Item } from './nodes.ts';

/** btrfs.readthedocs.io, "On-disk Format", btrfs_file_extent_item. */
const INLINE_AT = 21;
const REGULAR_BYTES = 53;
const INLINE = 0;
const REGULAR = 1;
/** Room that was set aside, and reads as zeros. */
const PREALLOCATED = 2;

export const COMPRESSIONS = ['none', 'zlib', 'lzo', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface FileExtent {
  /** In bytes of the file. */
  readonly start: number;
  readonly length: number;
  readonly compression: Compression;
  /** Content that stands in the tree; null: it lies elsewhere. */
  readonly inline: Buffer | null;
  /** In logical bytes, where what is stored begins, and how much that is. */
  readonly stored: { readonly at: number; readonly bytes: number };
  /** Unpacked it has so many bytes, of which those from `offset` on are the file's. */
  readonly unpacked: number;
  readonly offset: number;
  readonly encrypted: boolean;
}

/** Null for holes. Throws Damaged. */
export function fileExtent({ offset: start, bytes }: Item): FileExtent | null {
  if (bytes.length < INLINE_AT) throw new Damaged('an extent that is cut off');
  const type = bytes.readUInt8(20);
  const unpacked = countOf(bytes.readBigUInt64LE(8));
  const compression = COMPRESSIONS[bytes.readUInt8(16)];
  if (compression === undefined) throw new Damaged(`compression ${bytes.readUInt8(16)}, which is not known`);
  const encrypted = bytes.readUInt8(17) !== 0;
  if (type === INLINE) {
    const inline = bytes.subarray(INLINE_AT);
    const length = compression === 'none' ? inline.length : unpacked;
    const stored = { at: 0, bytes: inline.length };
    return { start, length, compression, inline, stored, unpacked: length, offset: 0, encrypted };
  }
  if (bytes.length < REGULAR_BYTES || (type !== REGULAR && type !== PREALLOCATED))
    throw new Damaged('an extent that cannot be');
  const at = countOf(bytes.readBigUInt64LE(21));
  if (type === PREALLOCATED || at === 0) return null;
  return {
    start,
    length: countOf(bytes.readBigUInt64LE(45)),
    compression,
    inline: null,
    stored: { at, bytes: countOf(bytes.readBigUInt64LE(29)) },
    unpacked,
    offset: countOf(bytes.readBigUInt64LE(37)),
    encrypted,
  };
}
