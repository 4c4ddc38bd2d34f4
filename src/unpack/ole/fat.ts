import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import { OverBudget } from '../trouble.ts';
import { LAST_SECTOR, NO_SECTOR, type OleHeader } from './header.ts';

/**
 * Sectors that are kept track of, in 8 bytes each: 2 GiB in sectors of 512 bytes, which is the most that version 3
 * allows ([MS-CFB] 2.6.3), 16 GiB in sectors of 4096.
 */
const MAX_SECTORS = 4 * 1024 * 1024;

export interface Fat {
  /** Successor of each sector of the file; NO_SECTOR where no part of the table says. */
  readonly next: Uint32Array;
  /** What is wrong with it; null: nothing that would matter. */
  readonly trouble: string | null;
}

/** Reads the allocation table as far as it is there. Throws OverBudget for more sectors than are kept track of. */
export async function readFat(
  source: ByteSource,
  header: OleHeader,
  ledger: ByteLedger,
  signal: AbortSignal,
): Promise<Fat> {
  const { sectorBytes } = header;
  const sectors = Math.max(0, Math.ceil(source.size / sectorBytes) - 1);
  if (sectors > MAX_SECTORS) throw new OverBudget(`${sectors} sectors; at most ${MAX_SECTORS} are followed`);
  const next = new Uint32Array(sectors).fill(NO_SECTOR);
  const perSector = sectorBytes / 4;
  const wanted = Math.ceil(sectors / perSector);
  const sector = Buffer.alloc(sectorBytes);
  let trouble: string | null = null;
  let index = 0;

  async function take(number: number): Promise<void> {
    const first = index++ * perSector;
    const position = (number + 1) * sectorBytes;
    if (number > LAST_SECTOR || position >= source.size) {
      trouble ??= `sector ${index} of the allocation table is not in the file`;
      return;
    }
    const got = await source.readAt(sector, position);
    ledger.claim(position, position + got);
    if (got < sectorBytes) trouble ??= 'cut off in the allocation table';
    const count = Math.min(got >> 2, sectors - first);
    for (let i = 0; i < count; i++) next[first + i] = sector.readUInt32LE(i * 4);
  }

  for (const number of header.difat) if (index < wanted) await take(number);
  const table = Buffer.alloc(sectorBytes);
  let at = header.difatStart;
  // Each sector of the list brings a sector of the table or more, so a circle ends with what is wanted.
  while (index < wanted && at <= LAST_SECTOR) {
    signal.throwIfAborted();
    const position = (at + 1) * sectorBytes;
    const got = position >= source.size ? 0 : await source.readAt(table, position);
    if (got < sectorBytes) {
      trouble ??= 'the list of the allocation table leads out of the file';
      break;
    }
    ledger.claim(position, position + sectorBytes);
    for (let i = 0; i < perSector - 1 && index < wanted; i++) await take(table.readUInt32LE(i * 4));
    at = table.readUInt32LE(sectorBytes - 4);
  }
  if (index < wanted) trouble ??= 'the allocation table does not cover the whole file';
  return { next, trouble };
}
