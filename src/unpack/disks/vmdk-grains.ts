import type { ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import { bytesAt, tablePieces } from './bytes-at.ts';
import { OverBudget } from '../trouble.ts';
import type { DiskMap } from './disk-map.ts';
import { SECTOR, type VmdkHeader } from './vmdk-header.ts';

/** In front of a packed grain: its first sector of the disk and its length, or a marker's kind. */
const MARKER_BYTES = 16;
const GRAIN_HEAD_BYTES = 12;
/** Tables and packed grains that are not where they should be: each costs a look at the file. */
const MAX_WRONG = 100_000;

/** Maps the grains that the directory at `directory` leads to. */
export async function mapGrains(
  source: ByteSource,
  header: VmdkHeader,
  directory: number,
  map: DiskMap,
  { ledger, signal }: { readonly ledger: ByteLedger; readonly signal: AbortSignal },
): Promise<void> {
  const { size, grainBytes, entriesOfTable } = header;
  const span = grainBytes * entriesOfTable;
  const count = Math.ceil(size / span);
  const seen = new Set<number>();
  const cost = { tableBytes: 0, wrong: 0 };
  ledger.claim(directory, directory + count * 4);
  let known = 0;
  for await (const { first, bytes } of tablePieces(source, directory, count, 4, signal)) {
    known = first + bytes.length / 4;
    for (let i = first; i < known; i++) {
      const at = bytes.readUInt32LE((i - first) * 4) * SECTOR;
      if (at === 0) continue;
      signal.throwIfAborted();
      cost.tableBytes += entriesOfTable * 4;
      // Tables that overlap could be as many as the file has sectors, each of thousands of entries.
      const readable = !seen.has(at) && cost.tableBytes <= source.size;
      const table = readable ? await bytesAt(source, at, entriesOfTable * 4) : null;
      seen.add(at);
      if (table === null || table.length === 0) {
        map.lost(i * span, span);
        countWrong(cost);
        continue;
      }
      ledger.claim(at, at + table.length);
      const whole = Math.floor(table.length / 4);
      if (whole < entriesOfTable)
        map.lost(i * span + whole * grainBytes, (entriesOfTable - whole) * grainBytes);
      for (let entry = 0; entry < whole; entry++) {
        const sector = table.readUInt32LE(entry * 4);
        const start = i * span + entry * grainBytes;
        if (sector === 0 || (sector === 1 && header.zeroedGrains)) continue;
        if (!header.compressed) map.data(start, grainBytes, sector * SECTOR);
        else await packedGrain(source, map, start, { at: sector * SECTOR, grainBytes, cost });
      }
    }
  }
  map.lost(known * span, size - known * span);
}

async function packedGrain(
  source: ByteSource,
  map: DiskMap,
  start: number,
  {
    at,
    grainBytes,
    cost,
  }: { readonly at: number; readonly grainBytes: number; readonly cost: { wrong: number } },
): Promise<void> {
  const head = await bytesAt(source, at, GRAIN_HEAD_BYTES);
  const stored = head.length < GRAIN_HEAD_BYTES ? 0 : head.readUInt32LE(8);
  // The marker says of which grain it is: another one than the table says is damage.
  const right = stored > 0 && stored <= 2 * grainBytes + SECTOR;
  if (!right || Number(head.readBigUInt64LE(0)) * SECTOR !== start) {
    map.lost(start, grainBytes);
    countWrong(cost);
  } else map.packed(start, grainBytes, at + GRAIN_HEAD_BYTES, stored);
}

function countWrong(cost: { wrong: number }): void {
  if (++cost.wrong > MAX_WRONG)
    throw new OverBudget(`more than ${MAX_WRONG} tables and grains are not where they should be`);
}

/** Claims the markers, padding and metadata of a stream, which stand between its grains. */
export async function walkStream(
  source: ByteSource,
  header: VmdkHeader,
  { ledger, signal }: { readonly ledger: ByteLedger; readonly signal: AbortSignal },
  map: DiskMap | null,
): Promise<void> {
  let at = header.dataAt;
  while (at + MARKER_BYTES <= source.size) {
    signal.throwIfAborted();
    const marker = await bytesAt(source, at, MARKER_BYTES);
    if (marker.length < MARKER_BYTES) return;
    const value = Number(marker.readBigUInt64LE(0));
    const stored = marker.readUInt32LE(8);
    if (stored === 0) {
      const kind = marker.readUInt32LE(12);
      ledger.claim(at, at + MARKER_BYTES);
      if (kind === 0 || kind > 3 || value > source.size / SECTOR) return;
      at += SECTOR + value * SECTOR;
      continue;
    }
    ledger.claim(at, at + GRAIN_HEAD_BYTES);
    map?.packed(value * SECTOR, header.grainBytes, at + GRAIN_HEAD_BYTES, stored);
    at += Math.ceil((GRAIN_HEAD_BYTES + stored) / SECTOR) * SECTOR;
  }
}
