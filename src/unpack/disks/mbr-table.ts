import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { bytesAt } from './bytes-at.ts';
import type { Partition } from './partitions.ts';
import { EXTENDED, mbrTypeName } from './partition-types.ts';

/** UEFI 2.10, 5.2.1: four entries of 16 bytes, then 0x55 0xAA. */
const TABLE_AT = 446;
const SECTOR_BYTES = 512;
/** Logical partitions that are followed; Linux knows 60 of a disk. */
const MAX_LOGICAL = 256;
/** How much of a partition's beginning tells whether something stands there. */
const LOOK_BYTES = 128 * 1024;

export interface MbrEntry {
  readonly number: number;
  readonly type: number;
  /** In sectors. */
  readonly first: number;
  readonly count: number;
}

/** The entries in use of the sector at `position`; null when it is none. */
export async function mbrEntries(source: ByteSource, position: number): Promise<MbrEntry[] | null> {
  const sector = await bytesAt(source, position, SECTOR_BYTES);
  if (sector.length < SECTOR_BYTES || sector.readUInt16BE(510) !== 0x55aa) return null;
  return [0, 1, 2, 3]
    .map((index) => {
      const entry = sector.subarray(TABLE_AT + index * 16);
      const first = entry.readUInt32LE(8);
      return { number: index + 1, type: entry.readUInt8(4), first, count: entry.readUInt32LE(12) };
    })
    .filter(({ type, count }) => type !== 0 && count > 0);
}

/** Nothing in an MBR says how long a sector is: 4096 only where that fits and something stands there, and not at 512. */
async function sectorBytesOf(source: ByteSource, entries: readonly MbrEntry[]): Promise<512 | 4096> {
  if (entries.some(({ first, count }) => (first + count) * 4096 > source.size)) return 512;
  for (const { first } of entries) if (await stands(source, first * 512)) return 512;
  for (const { first } of entries) if (await stands(source, first * 4096)) return 4096;
  return 512;
}

async function stands(source: ByteSource, position: number): Promise<boolean> {
  return (await bytesAt(source, position, LOOK_BYTES)).some((byte) => byte !== 0);
}

/** Primary partitions, and the logical ones of the extended one. Claims the tables, and not the code before them. */
export async function mbrPartitions(
  entries: readonly MbrEntry[],
  source: ByteSource,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<Partition[]> {
  const sector = await sectorBytesOf(source, entries);
  claimTable(ledger, 0);
  const partitions: Partition[] = [];
  const used = { count: 4, seen: new Set<number>() };
  for (const entry of entries) {
    if (!EXTENDED.includes(entry.type)) partitions.push(partitionOf(entry, 0, sector, entry.number));
    else {
      for await (const partition of logical(entry, { source, ledger, sink, sector, used }))
        partitions.push(partition);
    }
  }
  return partitions;
}

function partitionOf({ type, first, count }: MbrEntry, base: number, sector: number, n: number): Partition {
  const start = (base + first) * sector;
  return { name: `(partition ${n}, ${mbrTypeName(type)})`, start, end: start + count * sector };
}

function claimTable(ledger: ByteLedger, at: number): void {
  // The disk's signature, the entries, and 0x55 0xAA.
  ledger.claim(at + 440, at + SECTOR_BYTES);
}

interface Chain {
  readonly source: ByteSource;
  readonly ledger: ByteLedger;
  readonly sink: FormatSink;
  readonly sector: number;
  /** Numbers given so far, and places of tables that were read. */
  readonly used: { count: number; readonly seen: Set<number> };
}

/** A chain of tables: each has a partition that counts from the table, and the next table, that counts from the first. */
async function* logical(
  extended: MbrEntry,
  { source, ledger, sink, sector, used }: Chain,
): AsyncGenerator<Partition, void, undefined> {
  for (let at = extended.first; ;) {
    if (used.seen.has(at)) {
      sink.gap('corrupt', 'the chain of its logical partitions leads back to itself');
      return;
    }
    if (used.seen.size >= MAX_LOGICAL) {
      sink.gap('budget_exceeded', `more than ${MAX_LOGICAL} logical partitions`);
      return;
    }
    used.seen.add(at);
    const entries = await mbrEntries(source, at * sector);
    if (entries === null) {
      sink.gap('corrupt', `the table of logical partitions at sector ${at} is damaged or past the end`);
      return;
    }
    claimTable(ledger, at * sector);
    let next: number | null = null;
    for (const entry of entries) {
      if (!EXTENDED.includes(entry.type)) yield partitionOf(entry, at, sector, ++used.count);
      else next ??= extended.first + entry.first;
    }
    if (next === null) return;
    at = next;
  }
}
