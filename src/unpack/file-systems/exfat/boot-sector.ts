import type { ByteSource } from '../../../bytes/index.ts';
import { bytesAt, countOf } from '../../disks/bytes-at.ts';
import { Damaged } from '../../trouble.ts';

/** exFAT specification, 3: the boot region is 12 sectors, and its copy follows. */
const REGION_SECTORS = 12;
const SECTOR_SIZES = [512, 1024, 2048, 4096];
const MAX_CLUSTER_LOG = 25;
/** Clusters 0 and 1 do not exist. */
export const FIRST_CLUSTER = 2;
const DIRTY = 2;

export interface BootSector {
  readonly sectorBytes: number;
  readonly clusterBytes: number;
  readonly clusters: number;
  readonly bytes: number;
  /** The table that counts, and all of them. */
  readonly tableAt: number;
  readonly tablesAt: number;
  readonly tablesEnd: number;
  readonly tableBytes: number;
  readonly heapAt: number;
  readonly root: number;
  readonly dirty: boolean;
  /** Both boot regions, which stand in front of everything. */
  readonly regionsEnd: number;
  /** False where only the copy can be read. */
  readonly sound: boolean;
}

/** By the boot sector, or by its copy where that says what cannot be. Throws Damaged. */
export async function bootSector(source: ByteSource): Promise<BootSector> {
  const main = parsed(await bytesAt(source, 0, 512));
  if (main !== null) return { ...main, sound: await addsUp(source, main.sectorBytes) };
  for (const sectorBytes of SECTOR_SIZES) {
    const copy = parsed(await bytesAt(source, REGION_SECTORS * sectorBytes, 512));
    if (copy !== null) return { ...copy, sound: false };
  }
  throw new Damaged('its boot sector says what cannot be, and so does the copy');
}

function parsed(bytes: Buffer): Omit<BootSector, 'sound'> | null {
  if (bytes.length < 512 || bytes.toString('latin1', 3, 11) !== 'EXFAT   ') return null;
  const [sectorLog, clusterLog] = [bytes.readUInt8(108), bytes.readUInt8(109)];
  const tables = bytes.readUInt8(110);
  if (sectorLog < 9 || sectorLog > 12 || sectorLog + clusterLog > MAX_CLUSTER_LOG) return null;
  const sectorBytes = 2 ** sectorLog;
  const flags = bytes.readUInt16LE(106);
  const tableBytes = bytes.readUInt32LE(84) * sectorBytes;
  const tablesAt = bytes.readUInt32LE(80) * sectorBytes;
  const heapAt = bytes.readUInt32LE(88) * sectorBytes;
  const clusters = bytes.readUInt32LE(92);
  const size = countOf(bytes.readBigUInt64LE(72)) * sectorBytes;
  const clusterBytes = sectorBytes * 2 ** clusterLog;
  const root = bytes.readUInt32LE(96);
  const possible =
    (tables === 1 || tables === 2) &&
    Number.isSafeInteger(size) &&
    tablesAt >= 2 * REGION_SECTORS * sectorBytes &&
    tablesAt + tables * tableBytes <= heapAt &&
    heapAt + clusters * clusterBytes <= size &&
    (clusters + FIRST_CLUSTER) * 4 <= tableBytes &&
    root >= FIRST_CLUSTER &&
    root < clusters + FIRST_CLUSTER;
  if (!possible) return null;
  return {
    sectorBytes,
    clusterBytes,
    clusters,
    bytes: size,
    tableAt: tablesAt + (tables === 2 && (flags & 1) !== 0 ? tableBytes : 0),
    tablesAt,
    tablesEnd: tablesAt + tables * tableBytes,
    tableBytes,
    heapAt,
    root,
    dirty: (flags & DIRTY) !== 0,
    regionsEnd: 2 * REGION_SECTORS * sectorBytes,
  };
}

/** exFAT specification, 3.4: of all but the flags and the share in use, which change. */
async function addsUp(source: ByteSource, sectorBytes: number): Promise<boolean> {
  const region = await bytesAt(source, 0, REGION_SECTORS * sectorBytes);
  if (region.length < REGION_SECTORS * sectorBytes) return false;
  const end = (REGION_SECTORS - 1) * sectorBytes;
  let sum = 0;
  for (let at = 0; at < end; at++) {
    if (at === 106 || at === 107 || at === 112) continue;
    sum = (((sum << 31) | (sum >>> 1)) + (region[at] ?? 0)) >>> 0;
  }
  return region.readUInt32LE(end) === sum;
}

/** Where a cluster lies; Infinity where there is none. */
export function byteOfCluster({ heapAt, clusterBytes, clusters }: BootSector, cluster: number): number {
  const index = cluster - FIRST_CLUSTER;
  return index >= 0 && index < clusters ? heapAt + index * clusterBytes : Infinity;
}
