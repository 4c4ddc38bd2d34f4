import { Damaged, Unsupported } from '../../trouble.ts';

/** docs.kernel.org/filesystems/ext4, "The Super Block": in the second KiB. Numbers are little-endian. */
export const SUPER_AT = 1024;
export const SUPER_BYTES = 1024;

/** Sets of features that change how it is read. */
const INCOMPATIBLE = {
  compression: 0x1,
  fileTypes: 0x2,
  recover: 0x4,
  journalDevice: 0x8,
  metaGroups: 0x10,
  wide: 0x80,
  multipleMounts: 0x100,
  largeFolders: 0x4000,
} as const;
/** All that are read here, and those that change nothing for a reader: extents, flex_bg, ea_inode, csum_seed … */
const KNOWN_INCOMPATIBLE = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x3_e000;
const COMPATIBLE_SPARSE_2 = 0x200;
const READ_ONLY_SPARSE = 0x1;
/** Only with one of these do groups say which of their inodes were never used. */
const READ_ONLY_SUMS = 0x10 | 0x400;

export interface SuperBlock {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly firstBlock: number;
  readonly groups: number;
  readonly groupBlocks: number;
  readonly groupInodes: number;
  readonly inodes: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
  /** Groups from here on keep their descriptors themselves, so many of them together; Infinity: none does. */
  readonly firstMetaGroup: number;
  readonly reservedBlocks: number;
  readonly journal: number;
  readonly mountBlock: number | null;
  readonly hasCopy: (group: number) => boolean;
  readonly fileTypes: boolean;
  readonly largeFolders: boolean;
  readonly tellsUnused: boolean;
  readonly needsRecovery: boolean;
  readonly unmounted: boolean;
  readonly unknownFeatures: number;
}

export function superBlock(bytes: Buffer): SuperBlock {
  if (bytes.length < SUPER_BYTES || bytes.readUInt16LE(56) !== 0xef53)
    throw new Damaged('it has no super block');
  const dynamic = bytes.readUInt32LE(76) > 0;
  const compatible = dynamic ? bytes.readUInt32LE(92) : 0;
  const incompatible = dynamic ? bytes.readUInt32LE(96) : 0;
  const readOnly = dynamic ? bytes.readUInt32LE(100) : 0;
  if ((incompatible & INCOMPATIBLE.journalDevice) !== 0)
    throw new Unsupported('the journal of another file system');
  if ((incompatible & INCOMPATIBLE.compression) !== 0)
    throw new Unsupported('files are compressed (e2compr)');
  const wide = (incompatible & INCOMPATIBLE.wide) !== 0;
  const blockLog = bytes.readUInt32LE(24);
  const blockBytes = 1024 * 2 ** blockLog;
  const blocks = bytes.readUInt32LE(4) + (wide ? bytes.readUInt32LE(336) * 2 ** 32 : 0);
  const firstBlock = bytes.readUInt32LE(20);
  const groupBlocks = bytes.readUInt32LE(32);
  const groupInodes = bytes.readUInt32LE(40);
  const inodeBytes = dynamic ? bytes.readUInt16LE(88) : 128;
  const descriptorBytes = wide ? bytes.readUInt16LE(254) : 32;
  const possible =
    blockLog <= 6 &&
    groupBlocks > 0 &&
    groupBlocks <= blockBytes * 8 * 64 &&
    groupInodes > 0 &&
    groupInodes <= blockBytes * 8 &&
    inodeBytes >= 128 &&
    inodeBytes <= blockBytes &&
    (inodeBytes & (inodeBytes - 1)) === 0 &&
    descriptorBytes >= 32 &&
    descriptorBytes <= 1024 &&
    firstBlock < blocks &&
    Number.isSafeInteger(blocks * blockBytes);
  if (!possible) throw new Damaged('its super block says what cannot be');
  const copies = [bytes.readUInt32LE(588), bytes.readUInt32LE(592)];
  const sparse2 = (compatible & COMPATIBLE_SPARSE_2) !== 0;
  const sparse = (readOnly & READ_ONLY_SPARSE) !== 0;
  return {
    blockBytes,
    blocks,
    firstBlock,
    groups: Math.ceil((blocks - firstBlock) / groupBlocks),
    groupBlocks,
    groupInodes,
    inodes: bytes.readUInt32LE(0),
    inodeBytes,
    descriptorBytes,
    firstMetaGroup: (incompatible & INCOMPATIBLE.metaGroups) === 0 ? Infinity : bytes.readUInt32LE(260),
    reservedBlocks: dynamic ? bytes.readUInt16LE(206) : 0,
    journal: (compatible & 4) === 0 ? 0 : bytes.readUInt32LE(224),
    mountBlock:
      (incompatible & INCOMPATIBLE.multipleMounts) === 0 ? null : Number(bytes.readBigUInt64LE(360)),
    hasCopy: (group) => {
      if (group === 0) return true;
      if (sparse2) return copies.includes(group);
      return !sparse || [3, 5, 7].some((base) => isPowerOf(base, group));
    },
    fileTypes: (incompatible & INCOMPATIBLE.fileTypes) !== 0,
    largeFolders: (incompatible & INCOMPATIBLE.largeFolders) !== 0,
    tellsUnused: (readOnly & READ_ONLY_SUMS) !== 0,
    needsRecovery: (incompatible & INCOMPATIBLE.recover) !== 0,
    unmounted: (bytes.readUInt16LE(58) & 1) !== 0,
    unknownFeatures: incompatible & ~KNOWN_INCOMPATIBLE,
  };
}

function isPowerOf(base: number, value: number): boolean {
  let power = 1;
  while (power < value) power *= base;
  return power === value;
}

/** Where a block lies; Infinity where there is none, 0 included: it is never a file's. */
export function byteOfBlock({ blocks, blockBytes }: SuperBlock, block: number): number {
  return block > 0 && block < blocks ? block * blockBytes : Infinity;
}
