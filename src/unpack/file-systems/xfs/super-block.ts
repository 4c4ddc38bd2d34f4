import { countOf } from '../../disks/bytes-at.ts';
import { Damaged, Unsupported } from '../../trouble.ts';

/** XFS Algorithms & Data Structures, "Superblocks". Numbers are big-endian; addresses are blocks of a group. */
export const SUPER_BYTES = 512;
const VERSION_5 = 5;
/** sb_versionnum, sb_features2 and sb_features_incompat. */
const DIRECTORIES_2 = 0x2000;
const MORE_FEATURES = 0x8000;
const FTYPE_4 = 0x200;
const FTYPE_5 = 0x1;
const SPARSE_INODES = 0x2;
/** Up to parent pointers: what comes after lays metadata out in ways that are not read here. */
const KNOWN_INCOMPATIBLE = 0xff;

export interface SuperBlock {
  readonly version5: boolean;
  readonly blockBytes: number;
  readonly sectorBytes: number;
  readonly inodeBytes: number;
  readonly groupBlocks: number;
  readonly groups: number;
  /** All of it, in bytes. */
  readonly bytes: number;
  readonly root: number;
  /** Of quota and of the realtime device. */
  readonly systemInodes: readonly number[];
  readonly realtime: boolean;
  readonly logAt: number | null;
  readonly logBytes: number;
  readonly directoryBlockBytes: number;
  /** Bits of an inode number: its place in a block, and in a group. */
  readonly inodesOfBlockLog: number;
  readonly groupBlocksLog: number;
  readonly fileTypes: boolean;
  readonly sparseInodes: boolean;
  readonly newFeatures: number;
}

export function superBlock(bytes: Buffer): SuperBlock {
  if (bytes.length < SUPER_BYTES || bytes.toString('latin1', 0, 4) !== 'XFSB')
    throw new Damaged('it has no super block');
  const version = bytes.readUInt16BE(100);
  const features2 = (version & MORE_FEATURES) === 0 ? 0 : bytes.readUInt32BE(200);
  const version5 = (version & 15) === VERSION_5;
  if (!version5 && ((version & 15) !== 4 || (version & DIRECTORIES_2) === 0))
    throw new Unsupported(`version ${version & 15} of the format`);
  const incompatible = version5 ? bytes.readUInt32BE(216) : 0;
  const blockBytes = bytes.readUInt32BE(4);
  const logStart = bytes.readBigUInt64BE(48);
  const found = {
    version5,
    blockBytes,
    sectorBytes: bytes.readUInt16BE(102),
    inodeBytes: bytes.readUInt16BE(104),
    groupBlocks: bytes.readUInt32BE(84),
    groups: bytes.readUInt32BE(88),
    bytes: countOf(bytes.readBigUInt64BE(8)) * blockBytes,
    root: countOf(bytes.readBigUInt64BE(56)),
    systemInodes: [64, 72, 160, 168, ...(version5 ? [232] : [])].map((at) =>
      countOf(bytes.readBigUInt64BE(at)),
    ),
    realtime: bytes.readBigUInt64BE(16) > 0n,
    logBytes: bytes.readUInt32BE(96) * blockBytes,
    directoryBlockBytes: blockBytes * 2 ** Math.min(16, bytes.readUInt8(192)),
    inodesOfBlockLog: bytes.readUInt8(123),
    groupBlocksLog: bytes.readUInt8(124),
    fileTypes: version5 ? (incompatible & FTYPE_5) !== 0 : (features2 & FTYPE_4) !== 0,
    sparseInodes: (incompatible & SPARSE_INODES) !== 0,
    newFeatures: incompatible & ~KNOWN_INCOMPATIBLE,
  };
  checkSizes(found);
  return { ...found, logAt: logStart === 0n ? null : byteOfBlock(found, countOf(logStart)) };
}

function checkSizes(found: Omit<SuperBlock, 'logAt'>): void {
  const { blockBytes, sectorBytes, inodeBytes, groupBlocks, groupBlocksLog, inodesOfBlockLog } = found;
  const wrong =
    !isPower(blockBytes, 512, 65_536) ||
    !isPower(sectorBytes, 512, 32_768) ||
    !isPower(inodeBytes, 256, 2048) ||
    inodeBytes * 2 ** inodesOfBlockLog !== blockBytes ||
    groupBlocks === 0 ||
    groupBlocksLog > 31 ||
    groupBlocks > 2 ** groupBlocksLog ||
    found.directoryBlockBytes > 65_536 ||
    !Number.isSafeInteger(found.bytes) ||
    found.bytes === 0 ||
    found.groups !== Math.ceil(found.bytes / blockBytes / groupBlocks);
  if (wrong) throw new Damaged('its super block says what cannot be');
}

function isPower(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}

type Geometry = Pick<SuperBlock, 'groupBlocksLog' | 'groupBlocks' | 'blockBytes' | 'groups'>;

/** Where a block of the whole file system lies; Infinity where there is none. */
export function byteOfBlock(geometry: Geometry, block: number): number {
  const group = Math.floor(block / 2 ** geometry.groupBlocksLog);
  return byteInGroup(geometry, group, block - group * 2 ** geometry.groupBlocksLog);
}

/** Where a block of one group lies; Infinity where there is none. */
export function byteInGroup(
  { groupBlocks, groups, blockBytes }: Geometry,
  group: number,
  block: number,
): number {
  return group < groups && block < groupBlocks ? (group * groupBlocks + block) * blockBytes : Infinity;
}

/** Where an inode lies; Infinity where there is none. */
export function byteOfInode(found: SuperBlock, inode: number): number {
  const block = Math.floor(inode / 2 ** found.inodesOfBlockLog);
  return byteOfBlock(found, block) + (inode - block * 2 ** found.inodesOfBlockLog) * found.inodeBytes;
}
