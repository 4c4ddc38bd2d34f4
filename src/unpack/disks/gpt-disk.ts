import { crc32 } from 'node:zlib';
import type { ByteSource } from '../../bytes/index.ts';
import { handOnUnclaimed, type ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { bytesAt, countOf } from './bytes-at.ts';
import type { Holes } from './holes.ts';
import { mbrEntries } from './mbr-table.ts';
import { gptTypeName, mbrTypeName, PROTECTIVE } from './partition-types.ts';
import { handOnPartitions, type Partition } from './partitions.ts';

/** UEFI 2.10, 5.3.2: GPT header. */
const HEADER_BYTES = 92;
const SECTORS = [512, 4096] as const;
/** Bytes of one table of entries that are read; the least there must be room for is 16 KiB. */
const MAX_TABLE_BYTES = 2 * 1024 * 1024;

export interface GptHeader {
  readonly which: 'first' | 'backup';
  readonly at: number;
  readonly sector: number;
  readonly headerBytes: number;
  readonly sound: boolean;
  readonly backupAt: number;
  readonly tableAt: number;
  readonly entries: number;
  readonly entryBytes: number;
  readonly tableSum: number;
}

interface Tools {
  readonly holes: Holes;
  readonly sink: FormatSink;
  readonly signal: AbortSignal;
}

/** Both headers, as far as they are there: the first one, and the one it points at or that stands at the end. */
export async function gptHeaders(source: ByteSource): Promise<GptHeader[]> {
  for (const sector of SECTORS) {
    const first = await headerAt(source, sector, sector, 'first');
    const ends = [first?.backupAt ?? -1, source.size - (source.size % sector) - sector];
    let backup: GptHeader | null = null;
    for (const at of ends) if (at > sector) backup ??= await headerAt(source, at, sector, 'backup');
    const found = [first, backup].filter((header) => header !== null);
    if (found.length > 0) return found;
  }
  return [];
}

async function headerAt(
  source: ByteSource,
  at: number,
  sector: number,
  which: GptHeader['which'],
): Promise<GptHeader | null> {
  const bytes = await bytesAt(source, at, sector);
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 8) !== 'EFI PART') return null;
  const headerBytes = Math.min(bytes.length, Math.max(HEADER_BYTES, bytes.readUInt32LE(12)));
  const copy = Buffer.from(bytes.subarray(0, headerBytes));
  copy.writeUInt32LE(0, 16);
  return {
    which,
    at,
    sector,
    headerBytes,
    sound: crc32(copy) === bytes.readUInt32LE(16),
    backupAt: countOf(bytes.readBigUInt64LE(32)) * sector,
    tableAt: countOf(bytes.readBigUInt64LE(72)) * sector,
    entries: bytes.readUInt32LE(80),
    entryBytes: bytes.readUInt32LE(84),
    tableSum: bytes.readUInt32LE(88),
  };
}

/** All partitions that either table lists, those that only a hybrid MBR lists, and what stands in none of them. */
export async function handOnGpt(
  headers: readonly GptHeader[],
  source: ByteSource,
  ledger: ByteLedger,
  { holes, sink, signal }: Tools,
): Promise<void> {
  const partitions: Partition[] = [];
  const known = new Set<string>();
  const add = (partition: Partition): void => {
    const place = `${partition.start}-${partition.end}`;
    if (!known.has(place)) partitions.push(partition);
    known.add(place);
  };
  for (const header of headers) {
    signal.throwIfAborted();
    for (const partition of await tableOf(header, source, ledger, sink)) {
      const more = header.which === 'backup' && headers.length > 1 ? ' of the backup table' : '';
      add({ ...partition, name: partition.name.replace(',', `${more},`) });
    }
  }
  sayWhatIsMissing(headers, source, sink);
  const sector = headers[0]?.sector ?? 512;
  for (const { number, type, first, count } of (await mbrEntries(source, 0)) ?? []) {
    const name = `(partition ${number} of the MBR, ${mbrTypeName(type)})`;
    if (type !== PROTECTIVE) add({ name, start: first * sector, end: (first + count) * sector });
  }
  ledger.claim(440, 512);
  await handOnPartitions(partitions, source, ledger, { holes, sink });
  await handOnUnclaimed(ledger, source, sink);
}

function sayWhatIsMissing(headers: readonly GptHeader[], source: ByteSource, sink: FormatSink): void {
  const [first] = headers;
  if (headers.length > 1 || first === undefined) return;
  const bytes = first.which === 'first' ? first.backupAt + first.sector - source.size : first.sector;
  const what = first.which === 'first' ? 'backup' : 'first';
  sink.gap('corrupt', `its ${what} header is missing`, { bytes: bytes > 0 && bytes < Infinity ? bytes : 0 });
}

async function tableOf(
  header: GptHeader,
  source: ByteSource,
  ledger: ByteLedger,
  sink: FormatSink,
): Promise<Partition[]> {
  const { which, at, sector, tableAt, entryBytes } = header;
  ledger.claim(at, at + header.headerBytes);
  if (!header.sound) {
    sink.gap('corrupt', `its ${which} header does not match its check sum`, { bytes: header.headerBytes });
  }
  if (entryBytes < 128 || entryBytes > 4096) {
    sink.gap('corrupt', `entries of ${entryBytes} bytes in its ${which} table`);
    return [];
  }
  const count = Math.min(header.entries, Math.floor(MAX_TABLE_BYTES / entryBytes));
  if (count < header.entries) {
    const detail = `${header.entries} entries in its ${which} table, of which ${count} are read`;
    sink.gap('budget_exceeded', detail, { bytes: (header.entries - count) * entryBytes });
  }
  const table = await bytesAt(source, tableAt, count * entryBytes);
  if (table.length < count * entryBytes) {
    sink.gap('corrupt', `its ${which} table is cut off`, { bytes: count * entryBytes - table.length });
  } else if (count === header.entries && crc32(table) !== header.tableSum) {
    sink.gap('corrupt', `its ${which} table does not match its check sum`, { bytes: table.length });
  }
  const partitions: Partition[] = [];
  for (let i = 0; (i + 1) * entryBytes <= table.length; i++) {
    const entry = table.subarray(i * entryBytes, (i + 1) * entryBytes);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    ledger.claim(tableAt + i * entryBytes, tableAt + (i + 1) * entryBytes);
    const start = countOf(entry.readBigUInt64LE(32)) * sector;
    const end = (countOf(entry.readBigUInt64LE(40)) + 1) * sector;
    if (end > start) partitions.push({ name: nameOf(entry, i + 1), start, end });
    else sink.gap('corrupt', `partition ${i + 1} of its ${which} table ends before it begins`);
  }
  return partitions;
}

function nameOf(entry: Buffer, number: number): string {
  const [given = ''] = entry.toString('utf16le', 56, 128).split('\0');
  return `(partition ${number}, ${given === '' ? gptTypeName(entry.subarray(0, 16)) : given})`;
}
