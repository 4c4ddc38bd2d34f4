import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { Damaged, OverBudget } from '../trouble.ts';
import { bytesAt, countOf, paddedAt } from './bytes-at.ts';
import { crc32c } from './crc32c.ts';

const KIB = 1024;
const MIB = KIB * KIB;
/** [MS-VHDX] 2.2: where the two headers and the two region tables stand. */
const HEADERS = [64 * KIB, 128 * KIB];
const HEADER_BYTES = 4 * KIB;
const REGIONS = [192 * KIB, 256 * KIB];
const REGION_BYTES = 64 * KIB;
const MAX_REGIONS = 2047;
const METADATA_TABLE_BYTES = 64 * KIB;
const MAX_ITEMS = 2047;
const MAX_ITEM_BYTES = MIB;

/** GUIDs as they stand in the file ([MS-VHDX] 2.2.3 and 2.6.2). */
const BAT = '6677c22d23f600429d64115e9bfd4a08';
const METADATA = '06a27c8b90479a4bb8fe575f050f886e';
const FILE_PARAMETERS = '3767a1ca36fa434db3b633f0aa44e76b';
const DISK_SIZE = '2442a52f1bcd7648b2115dbed83bf4b8';
const SECTOR_SIZE = '1dbf41816fa90947ba47f233a8faab5f';

export interface VhdxLayout {
  readonly batAt: number;
  readonly batBytes: number;
  readonly diskBytes: number;
  readonly blockBytes: number;
  readonly sectorBytes: number;
  readonly hasParent: boolean;
}

/** Reads headers, regions and metadata, and claims them. Gaps are said; what cannot do without throws. */
export async function vhdxLayout(
  source: ByteSource,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<VhdxLayout> {
  ledger.claim(0, 64 * KIB);
  await readHeader(source, ledger, sink);
  const regions = await readRegions(source, ledger, sink);
  const bat = regions.get(BAT);
  const metadata = regions.get(METADATA);
  if (bat === undefined || metadata === undefined) throw new Damaged('it does not say where its blocks are');
  const items = await readMetadata(source, metadata, ledger);
  const parameters = items.get(FILE_PARAMETERS);
  const size = items.get(DISK_SIZE);
  const sector = items.get(SECTOR_SIZE);
  if (parameters === undefined || size === undefined || parameters.length < 8 || size.length < 8)
    throw new Damaged('its metadata do not say how large the disk is');
  const diskBytes = countOf(size.readBigUInt64LE(0));
  const blockBytes = parameters.readUInt32LE(0);
  const sectorBytes = sector !== undefined && sector.length >= 4 ? sector.readUInt32LE(0) : 512;
  if (diskBytes === Infinity) throw new OverBudget('a disk of more than 8 PiB');
  if (blockBytes < MIB || blockBytes > 256 * MIB || (blockBytes & (blockBytes - 1)) !== 0)
    throw new Damaged(`blocks of ${blockBytes} bytes`);
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw new Damaged(`sectors of ${sectorBytes} bytes`);
  const hasParent = (parameters.readUInt32LE(4) & 2) !== 0;
  return { batAt: bat.at, batBytes: bat.length, diskBytes, blockBytes, sectorBytes, hasParent };
}

/** Of two headers the sound one with the higher number counts. */
async function readHeader(source: ByteSource, ledger: ByteLedger, sink: FormatSink): Promise<void> {
  const copies = await Promise.all(HEADERS.map(async (at) => bytesAt(source, at, HEADER_BYTES)));
  for (const at of HEADERS) ledger.claim(at, at + HEADER_BYTES);
  const sound = copies
    .filter((bytes) => isSound(bytes, 'head'))
    .toSorted((a, b) => Number(b.readBigUInt64LE(8) - a.readBigUInt64LE(8)));
  const header = sound[0];
  if (header === undefined) {
    sink.gap(
      'corrupt',
      'both of its headers are damaged: whether its log is still to be replayed is not known',
    );
    return;
  }
  const logBytes = header.readUInt32LE(68);
  const logAt = countOf(header.readBigUInt64LE(72));
  if (header.subarray(48, 64).some((byte) => byte !== 0)) {
    sink.gap('corrupt', 'it was not closed: its log has changes that are not replayed here', {
      bytes: logBytes,
    });
  } else ledger.claim(logAt, logAt + logBytes);
}

interface Region {
  readonly at: number;
  readonly length: number;
}

async function readRegions(
  source: ByteSource,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<Map<string, Region>> {
  const copies = await Promise.all(REGIONS.map(async (at) => bytesAt(source, at, REGION_BYTES)));
  for (const at of REGIONS) ledger.claim(at, at + REGION_BYTES);
  const sound = copies.find((bytes) => isSound(bytes, 'regi'));
  if (sound === undefined)
    sink.gap('corrupt', 'both of its region tables are damaged', { bytes: REGION_BYTES });
  const table = sound ?? copies.find((bytes) => bytes.length === REGION_BYTES);
  const regions = new Map<string, Region>();
  if (table === undefined) return regions;
  for (let i = 0; i < Math.min(table.readUInt32LE(8), MAX_REGIONS); i++) {
    const at = 16 + i * 32;
    regions.set(table.toString('hex', at, at + 16), {
      at: countOf(table.readBigUInt64LE(at + 16)),
      length: table.readUInt32LE(at + 24),
    });
  }
  return regions;
}

async function readMetadata(
  source: ByteSource,
  { at: regionAt }: Region,
  ledger: ByteLedger,
): Promise<Map<string, Buffer>> {
  const table = await paddedAt(source, regionAt, METADATA_TABLE_BYTES);
  if (table.toString('latin1', 0, 8) !== 'metadata') throw new Damaged('it has no table of metadata');
  ledger.claim(regionAt, regionAt + METADATA_TABLE_BYTES);
  const items = new Map<string, Buffer>();
  for (let i = 0; i < Math.min(table.readUInt16LE(10), MAX_ITEMS); i++) {
    const entry = table.subarray(32 + i * 32, 64 + i * 32);
    if (entry.length < 32) break;
    const from = regionAt + entry.readUInt32LE(16);
    const length = entry.readUInt32LE(20);
    if (length > MAX_ITEM_BYTES) continue;
    const id = entry.toString('hex', 0, 16);
    if (items.has(id)) continue;
    items.set(id, await bytesAt(source, from, length));
    ledger.claim(from, from + length);
  }
  return items;
}

/** The sum stands at byte 4 and counts as zero. */
function isSound(bytes: Buffer, signature: string): boolean {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== signature) return false;
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(0, 4);
  return crc32c(copy) === bytes.readUInt32LE(4);
}
