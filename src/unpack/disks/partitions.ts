import { sliceOf, type ByteSource } from '../../bytes/index.ts';
import type { ByteLedger } from '../byte-ledger.ts';
import type { FormatSink } from '../format.ts';
import { handOnSource } from './disk-map.ts';
import type { Holes } from './holes.ts';

export interface Partition {
  readonly name: string;
  /** In bytes of the disk: [start, end); either may lie past its end. */
  readonly start: number;
  readonly end: number;
}

/** Hands every partition on as a part of the disk. What of it lies past the disk's end is a gap. */
export async function handOnPartitions(
  partitions: readonly Partition[],
  source: ByteSource,
  ledger: ByteLedger,
  { holes, sink }: { readonly holes: Holes; readonly sink: FormatSink },
): Promise<void> {
  const overlapping = overlaps(partitions);
  if (overlapping > 0) sink.measure('overlapping_partitions', overlapping);
  const leftOut = holes.leftOut;
  for (const { name, start, end } of partitions) {
    if (start === 0) {
      // The disk itself once more, table and all: opened again it would never end. Its bytes stay unclaimed.
      sink.measure('partitions_from_the_first_byte', 1);
      continue;
    }
    ledger.claim(start, end);
    const missing = end - Math.max(start, Math.min(end, source.size));
    if (missing > 0) {
      const detail = `${missing} of its ${end - start} bytes lie past the end of the disk`;
      sink.gap('corrupt', detail, { member: name, bytes: Number.isSafeInteger(missing) ? missing : null });
    }
    if (start < source.size) await handOnSource(name, sliceOf(source, start, end), holes, sink);
  }
  if (holes.leftOut > leftOut) sink.measure('hole_bytes_left_out', holes.leftOut - leftOut);
}

/** How many partitions begin before one of those before them ends. */
function overlaps(partitions: readonly Partition[]): number {
  let count = 0;
  let reached = 0;
  for (const { start, end } of partitions.toSorted((a, b) => a.start - b.start)) {
    if (start < reached) count++;
    reached = Math.max(reached, end);
  }
  return count;
}
