import { Damaged } from '../../trouble.ts';
import { attributeIn } from './attributes.ts';
import type { SuperBlock } from './super-block.ts';

/** docs.kernel.org/filesystems/ext4, "Index Nodes". */
const BLOCK_AT = 40;
const BLOCK_BYTES = 60;
const ENCRYPTED = 0x800;
const EXTENTS = 0x8_0000;
const INLINE = 0x1000_0000;

export type Kind = 'file' | 'folder' | 'link' | 'special';

export interface Inode {
  readonly kind: Kind;
  readonly names: number;
  readonly size: number;
  /** Sectors that it takes. */
  readonly sectors: number;
  readonly encrypted: boolean;
  /** By a tree of extents, else by a list of blocks. */
  readonly extents: boolean;
  /** Where its blocks are, or what it holds itself: 60 bytes. */
  readonly block: Buffer;
  /** All of its content, when it is kept within the inode. */
  readonly inline: Buffer | null;
}

/** S_IFMT and its values (POSIX, sys/stat.h; Linux, uapi/linux/stat.h). */
const KINDS: Readonly<Record<number, Kind>> = { 0o10: 'file', 0o4: 'folder', 0o12: 'link' };
const SPECIAL = [0o1, 0o2, 0o6, 0o14];

/** Throws Damaged. */
export function inodeOf(bytes: Buffer, { largeFolders }: SuperBlock): Inode {
  const type = bytes.readUInt16LE(0) >> 12;
  const kind = KINDS[type] ?? (SPECIAL.includes(type) ? 'special' : null);
  if (kind === null) throw new Damaged('an inode that is free, or of no known kind');
  const flags = bytes.readUInt32LE(32);
  const block = bytes.subarray(BLOCK_AT, BLOCK_AT + BLOCK_BYTES);
  const high = kind === 'file' || largeFolders ? bytes.readUInt32LE(108) : 0;
  const size = bytes.readUInt32LE(4) + high * 2 ** 32;
  const inline = (flags & INLINE) !== 0;
  const short = kind === 'link' && (flags & EXTENTS) === 0 && size < BLOCK_BYTES;
  return {
    kind,
    names: bytes.readUInt16LE(26),
    size,
    sectors: bytes.readUInt32LE(28) + bytes.readUInt16LE(116) * 2 ** 32,
    encrypted: (flags & ENCRYPTED) !== 0,
    extents: (flags & EXTENTS) !== 0,
    block,
    inline: inline ? inlineOf(bytes, block) : short ? block.subarray(0, size) : null,
  };
}

/** Its first 60 bytes stand where others tell their blocks, what is more in an attribute. */
function inlineOf(bytes: Buffer, block: Buffer): Buffer {
  return Buffer.concat([block, attributeIn(bytes, 'data') ?? Buffer.alloc(0)]);
}
