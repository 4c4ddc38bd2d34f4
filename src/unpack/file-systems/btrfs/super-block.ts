import type { ByteSource } from '../../../bytes/index.ts';
import { bytesAt, countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';

/** btrfs.readthedocs.io, "On-disk Format": the super block and its copies. Numbers are little-endian. */
export const COPIES = [64 * 1024, 64 * 1024 ** 2, 256 * 1024 ** 3] as const;
export const SUPER_BYTES = 4096;
const SYSTEM_CHUNKS_AT = 811;
const SYSTEM_CHUNKS_BYTES = 2048;
/** Up to zoned devices, and simple quotas: what comes between lays trees out in ways that are not read here. */
const KNOWN_INCOMPATIBLE = 0x1_1fff;

export interface SuperBlock {
  readonly blockBytes: number;
  readonly nodeBytes: number;
  /** Of this device, in bytes. */
  readonly bytes: number;
  readonly device: number;
  readonly devices: number;
  /** Where trees begin, in logical bytes; and their levels. */
  readonly root: TreePlace;
  readonly chunkRoot: TreePlace;
  readonly hasLog: boolean;
  /** Its check sums are CRC-32C. */
  readonly crc32c: boolean;
  readonly systemChunks: Buffer;
  readonly unknownFeatures: number;
}

export interface TreePlace {
  readonly at: number;
  readonly level: number;
}

/** By the first copy that can be read. Throws Damaged. */
export async function superBlock(source: ByteSource): Promise<SuperBlock> {
  for (const at of COPIES) {
    const found = parsed(await bytesAt(source, at, SUPER_BYTES));
    if (found !== null) return found;
  }
  throw new Damaged('its super block says what cannot be');
}

function parsed(bytes: Buffer): SuperBlock | null {
  if (bytes.length < SUPER_BYTES || bytes.toString('latin1', 64, 72) !== '_BHRfS_M') return null;
  const blockBytes = bytes.readUInt32LE(144);
  const nodeBytes = bytes.readUInt32LE(148);
  const size = countOf(bytes.readBigUInt64LE(209));
  const systemBytes = bytes.readUInt32LE(160);
  const possible =
    isPower(blockBytes) && isPower(nodeBytes) && nodeBytes >= blockBytes && Number.isSafeInteger(size);
  if (!possible || systemBytes > SYSTEM_CHUNKS_BYTES) return null;
  const place = (at: number, levelAt: number): TreePlace => ({
    at: countOf(bytes.readBigUInt64LE(at)),
    level: bytes.readUInt8(levelAt),
  });
  return {
    blockBytes,
    nodeBytes,
    bytes: size,
    device: countOf(bytes.readBigUInt64LE(201)),
    devices: countOf(bytes.readBigUInt64LE(136)),
    root: place(80, 198),
    chunkRoot: place(88, 199),
    hasLog: bytes.readBigUInt64LE(96) !== 0n,
    crc32c: bytes.readUInt16LE(196) === 0,
    systemChunks: bytes.subarray(SYSTEM_CHUNKS_AT, SYSTEM_CHUNKS_AT + systemBytes),
    unknownFeatures: bytes.readUInt32LE(188) & ~KNOWN_INCOMPATIBLE,
  };
}

function isPower(value: number): boolean {
  return value >= 4096 && value <= 65_536 && (value & (value - 1)) === 0;
}
