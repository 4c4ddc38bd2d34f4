import type { ByteSource } from '../../bytes/index.ts';
import { Damaged, OverBudget, Unsupported } from '../trouble.ts';
import { bytesAt, countOf } from './bytes-at.ts';

/** VMware, Virtual Disk Format 5.0: SparseExtentHeader. */
export const SECTOR = 512;
const COMPRESSED = 1 << 16;
const USE_REDUNDANT = 2;
const ZEROED_GRAINS = 4;
const DEFLATE = 1;
/** The directory's place stands in the copy of the header at the end. */
const AT_THE_END = 0xffff_ffff_ffff_ffffn;
const MAX_GRAIN_BYTES = 2 * 1024 * 1024;
const MAX_TABLE_ENTRIES = 8192;

export interface VmdkHeader {
  readonly size: number;
  readonly grainBytes: number;
  readonly entriesOfTable: number;
  readonly compressed: boolean;
  readonly zeroedGrains: boolean;
  /** Places of the grain directories, the one that counts first; none: nobody knows. */
  readonly directories: readonly number[];
  readonly descriptorAt: number;
  readonly descriptorBytes: number;
  /** Where the grains begin. */
  readonly dataAt: number;
  /** Where the copy of the header stands at the end; null: none. */
  readonly footerAt: number | null;
}

export async function vmdkHeader(source: ByteSource): Promise<VmdkHeader> {
  const front = await bytesAt(source, 0, SECTOR);
  if (front.length < SECTOR) throw new Damaged('it ends within its header');
  if (front.toString('latin1', 0, 4) !== 'KDMV') throw new Unsupported('a disk of ESX (COWD)');
  let bytes = front;
  let footerAt: number | null = null;
  if (front.readBigUInt64LE(56) === AT_THE_END) {
    const at = source.size - 2 * SECTOR;
    const footer = await bytesAt(source, at, SECTOR);
    if (footer.length === SECTOR && footer.toString('latin1', 0, 4) === 'KDMV') {
      bytes = footer;
      footerAt = at;
    }
  }
  const flags = bytes.readUInt32LE(8);
  const size = countOf(bytes.readBigUInt64LE(12)) * SECTOR;
  const grainBytes = countOf(bytes.readBigUInt64LE(20)) * SECTOR;
  const entriesOfTable = bytes.readUInt32LE(44);
  if (!Number.isSafeInteger(size)) throw new OverBudget('a disk of more than 8 PiB');
  if (grainBytes < SECTOR || grainBytes > MAX_GRAIN_BYTES) throw new Damaged(`grains of ${grainBytes} bytes`);
  if (entriesOfTable < 1 || entriesOfTable > MAX_TABLE_ENTRIES)
    throw new Damaged(`tables of ${entriesOfTable} entries`);
  const compressed = (flags & COMPRESSED) !== 0;
  if (compressed && bytes.readUInt16LE(77) !== DEFLATE)
    throw new Unsupported(`compression ${bytes.readUInt16LE(77)}`);
  return {
    size,
    grainBytes,
    entriesOfTable,
    compressed,
    zeroedGrains: (flags & ZEROED_GRAINS) !== 0,
    directories: directoriesOf(bytes, (flags & USE_REDUNDANT) !== 0),
    descriptorAt: countOf(front.readBigUInt64LE(28)) * SECTOR,
    descriptorBytes: countOf(front.readBigUInt64LE(36)) * SECTOR,
    dataAt: countOf(front.readBigUInt64LE(64)) * SECTOR,
    footerAt,
  };
}

function directoriesOf(bytes: Buffer, redundantFirst: boolean): number[] {
  const [redundant, first] = [bytes.readBigUInt64LE(48), bytes.readBigUInt64LE(56)];
  const both = redundantFirst ? [redundant, first] : [first, redundant];
  return both.filter((sector) => sector !== 0n && sector !== AT_THE_END).map((s) => countOf(s) * SECTOR);
}
