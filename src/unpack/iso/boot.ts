import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { Extent } from './record.ts';
import { SECTOR_BYTES } from './volume.ts';

/** Something that begins within the image without being named by a tree. */
export interface Landmark {
  readonly name: string;
  /** In bytes. */
  readonly start: number;
  /** In bytes; null when nobody says where it ends. */
  readonly length: number | null;
}

/** Sizes of the floppies that El Torito emulates (media types 1 to 3), in bytes. */
const FLOPPY_BYTES = [1_228_800, 1_474_560, 2_949_120];
const ENTRY_BYTES = 32;
const VIRTUAL_SECTOR_BYTES = 512;

/** The boot images of one catalog (El Torito 1.0, section 2): one sector, 64 entries. Claims what it understood. */
export async function bootImages(
  source: ByteSource,
  ledger: ByteLedger,
  catalogSector: number,
): Promise<Landmark[]> {
  const start = catalogSector * SECTOR_BYTES;
  const catalog = Buffer.alloc(SECTOR_BYTES);
  await source.readAt(catalog, start);
  if (catalog.readUInt8(0) !== 1 || catalog.readUInt16BE(30) !== 0x55aa) return [];
  ledger.claim(start, start + ENTRY_BYTES);
  const images: Landmark[] = [];
  for (let at = ENTRY_BYTES; at < SECTOR_BYTES; at += ENTRY_BYTES) {
    const kind = catalog.readUInt8(at);
    const isEntry = kind === 0x88 || (kind === 0 && catalog.readUInt32LE(at + 8) > 0);
    if (isEntry) images.push(bootImage(catalog.subarray(at, at + ENTRY_BYTES), images.length + 1));
    // 0x90 and 0x91 head a section, 0x44 goes on with an entry.
    else if (![0x90, 0x91, 0x44].includes(kind)) break;
    ledger.claim(start + at, start + at + ENTRY_BYTES);
  }
  return images;
}

function bootImage(entry: Buffer, number: number): Landmark {
  const media = entry.readUInt8(1) & 0xf;
  const sectors = entry.readUInt16LE(6);
  const start = entry.readUInt32LE(8) * SECTOR_BYTES;
  // Without emulation only the part that is loaded first is told; a hard disk is as long as its partitions say.
  const length =
    FLOPPY_BYTES[media - 1] ?? (media === 0 && sectors > 4 ? sectors * VIRTUAL_SECTOR_BYTES : null);
  return { name: `(boot image ${number})`, start, length };
}

const TABLE = { start: 440, end: 512, entries: 446 } as const;
const GPT_ENTRIES = 128;

/**
 * The partitions of an image that is a disk too (isohybrid). Their tables are claimed: by themselves they would
 * pass for a disk that was cut off.
 */
export async function partitions(source: ByteSource, ledger: ByteLedger): Promise<Landmark[]> {
  const sector = Buffer.alloc(1024);
  if ((await source.readAt(sector, 0)) < 1024 || sector.readUInt16BE(510) !== 0x55aa) return [];
  const found: Extent[] = [];
  for (let at = TABLE.entries; at < 510; at += 16) {
    if ((sector.readUInt8(at) & 0x7f) !== 0) return [];
    found.push(extentOf(sector.readUInt32LE(at + 8), sector.readUInt32LE(at + 12)));
  }
  ledger.claim(TABLE.start, TABLE.end);
  if (sector.toString('latin1', 512, 520) === 'EFI PART')
    found.push(...(await gptPartitions(source, sector)));
  return found
    .filter(({ start, length }) => start > 0 && length > 0)
    .map(({ start, length }, index) => ({ name: `(partition ${index + 1})`, start, length }));
}

async function gptPartitions(source: ByteSource, sector: Buffer): Promise<Extent[]> {
  const entryBytes = sector.readUInt32LE(512 + 84);
  if (entryBytes < 128 || entryBytes > 4096) return [];
  const table = Buffer.alloc(entryBytes * GPT_ENTRIES);
  await source.readAt(table, Number(sector.readBigUInt64LE(512 + 72)) * VIRTUAL_SECTOR_BYTES);
  const found: Extent[] = [];
  for (let at = 0; at < table.length; at += entryBytes) {
    const first = Number(table.readBigUInt64LE(at + 32));
    found.push(extentOf(first, Number(table.readBigUInt64LE(at + 40)) - first + 1));
  }
  return found.filter(({ start }) => start > 0);
}

function extentOf(first: number, count: number): Extent {
  return { start: first * VIRTUAL_SECTOR_BYTES, length: count * VIRTUAL_SECTOR_BYTES };
}
