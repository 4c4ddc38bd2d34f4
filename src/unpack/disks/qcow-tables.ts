import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import { OverBudget } from '../trouble.ts';
import { bytesAt, tablePieces } from './bytes-at.ts';
import type { DiskMap } from './disk-map.ts';
import type { QcowHeader } from './qcow-header.ts';

/** The longest first table that QEMU opens is 32 MiB (block/qcow2.h: QCOW_MAX_L1_SIZE). */
const MAX_L1_ENTRIES = 4 * 1024 * 1024;
/** The longest table of reference counts that QEMU opens is 8 MiB. */
const MAX_COUNT_ENTRIES = 1024 * 1024;
/** Tables read of one image, all its snapshots together: as often as this the whole file. */
const READ_TIMES = 16;
const READ_BYTES = 64 * 1024 * 1024;
const SUBCLUSTERS = 32;
const HIGH = 2 ** 32;

/** Where a disk and what is kept behind it (the state of a machine) are mapped. */
export interface Maps {
  readonly disk: DiskMap;
  /** Begins at the first cluster after the disk's end. */
  readonly behind: DiskMap;
  readonly size: number;
}

/** Reads the tables of one image: its own, and those of its snapshots. */
export class QcowTables {
  readonly #source: ByteSource;
  readonly #header: QcowHeader;
  readonly #ledger: ByteLedger;
  readonly #signal: AbortSignal;
  #left: number;

  constructor(source: ByteSource, header: QcowHeader, ledger: ByteLedger, signal: AbortSignal) {
    this.#source = source;
    this.#header = header;
    this.#ledger = ledger;
    this.#signal = signal;
    this.#left = Math.max(READ_BYTES, READ_TIMES * source.size);
  }

  /** Walks from a first table on. Throws OverBudget. */
  async map(l1At: number, l1Count: number, maps: Maps): Promise<void> {
    const { clusterBytes, entriesOfTable } = this.#header;
    const span = clusterBytes * entriesOfTable;
    const count = Math.min(l1Count, MAX_L1_ENTRIES);
    const seen = new Set<number>();
    this.#ledger.claim(l1At, l1At + count * 8);
    let known = 0;
    for await (const { first, bytes } of tablePieces(this.#source, l1At, count, 8, this.#signal)) {
      this.#spend(bytes.length);
      known = first + bytes.length / 8;
      for (let i = first; i < known; i++) {
        const at = this.#offset(bytes, (i - first) * 8);
        if (at === 0) continue;
        const table = seen.has(at) ? null : await this.#table(at);
        seen.add(at);
        if (table === null) maps.disk.lost(i * span, span);
        else this.#entries(table, i * span, maps);
      }
    }
    maps.disk.lost(known * span, maps.size - known * span);
  }

  /** Claims the table of reference counts and its blocks. */
  async claimCounts(): Promise<void> {
    const { countsAt, countsClusters, clusterBytes } = this.#header;
    const count = Math.min(MAX_COUNT_ENTRIES, (countsClusters * clusterBytes) / 8);
    this.#ledger.claim(countsAt, countsAt + count * 8);
    for await (const { bytes } of tablePieces(this.#source, countsAt, count, 8, this.#signal)) {
      for (let i = 0; i < bytes.length; i += 8) {
        const at = this.#offset(bytes, i);
        if (at !== 0) this.#ledger.claim(at, at + clusterBytes);
      }
    }
  }

  /** A second table; null when it is not where a table can be. */
  async #table(at: number): Promise<Buffer | null> {
    const { entriesOfTable, clusterBytes, subclusters, version } = this.#header;
    this.#signal.throwIfAborted();
    const length = entriesOfTable * (subclusters ? 16 : 8);
    if (version > 1 && at % clusterBytes !== 0) return null;
    this.#spend(length);
    const bytes = await bytesAt(this.#source, at, length);
    if (bytes.length < length) return null;
    this.#ledger.claim(at, at + length);
    return bytes;
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new OverBudget('its snapshots have more tables than are read');
  }

  #entries(table: Buffer, base: number, { disk, behind, size }: Maps): void {
    const { clusterBytes, subclusters, version } = this.#header;
    const width = subclusters ? 16 : 8;
    const edge = Math.ceil(size / clusterBytes) * clusterBytes;
    for (let i = 0; i * width < table.length; i++) {
      const high = table.readUInt32BE(i * width);
      const low = table.readUInt32BE(i * width + 4);
      if (high === 0 && low === 0 && !subclusters) continue;
      const place = base + i * clusterBytes;
      const [map, start] = place < edge ? [disk, place] : [behind, place - edge];
      if (version === 1) {
        this.#first(table.readBigUInt64BE(i * width), map, start);
        continue;
      }
      if ((high & 0x4000_0000) !== 0) {
        this.#packed(table.readBigUInt64BE(i * width), map, start);
        continue;
      }
      const at = this.#offset(table, i * width);
      if (at % clusterBytes !== 0) map.lost(start, clusterBytes);
      else if (subclusters) this.#parts(table, i * width + 8, at, { map, start });
      else if ((low & 1) === 0 && at !== 0) map.data(start, clusterBytes, at);
    }
  }

  /** The first 32 of a cluster's bits say which parts lie there, the second 32 which read as zeros. */
  #parts(table: Buffer, bitsAt: number, at: number, { map, start }: { map: DiskMap; start: number }): void {
    const zeros = table.readUInt32BE(bitsAt);
    const there = table.readUInt32BE(bitsAt + 4);
    const length = this.#header.clusterBytes / SUBCLUSTERS;
    if (at === 0) return;
    for (let bit = 0; bit < SUBCLUSTERS; bit++) {
      const holds = ((there >>> bit) & 1) === 1 && ((zeros >>> bit) & 1) === 0;
      if (holds) map.data(start + bit * length, length, at + bit * length);
    }
  }

  /** Offset in the lower bits, then how many more sectors of 512 bytes it reaches into. */
  #packed(entry: bigint, map: DiskMap, start: number): void {
    const { clusterBits, clusterBytes } = this.#header;
    const shift = BigInt(62 - (clusterBits - 8));
    const at = Number(entry & ((1n << shift) - 1n));
    const sectors = Number((entry & ((1n << 62n) - 1n)) >> shift) + 1;
    map.packed(start, clusterBytes, at, sectors * 512 - (at % 512));
  }

  /** Version 1: the highest bit says packed; then the length in bytes stands above the offset. */
  #first(entry: bigint, map: DiskMap, start: number): void {
    const { clusterBits, clusterBytes } = this.#header;
    if (entry >> 63n === 0n) {
      map.data(start, clusterBytes, Number(entry));
      return;
    }
    const shift = BigInt(63 - clusterBits);
    const stored = Number((entry >> shift) & BigInt(clusterBytes - 1));
    map.packed(start, clusterBytes, Number(entry & ((1n << shift) - 1n)), stored);
  }

  /** Bits 9 to 55 of an entry; all bits in version 1. */
  #offset(table: Buffer, at: number): number {
    const high = table.readUInt32BE(at);
    const low = table.readUInt32BE(at + 4);
    if (this.#header.version === 1) return high * HIGH + low;
    return (high & 0x00ff_ffff) * HIGH + ((low & 0xffff_fe00) >>> 0);
  }
}
