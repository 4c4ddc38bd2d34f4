import type { ByteSource, Room } from '../../bytes/index.ts';
import { OverBudget } from '../trouble.ts';

const FIRST_RUNS = 64;
/** Of one run: three numbers. */
const RUN_BYTES = 24;

/**
 * The parts of an image that are no holes, in whole blocks, counted as if they followed each other. A virtual disk of many TiB
 * may be a file of a few KiB: only what is stored may decide what reading it costs.
 */
export class Runs {
  /** Of each run, where it begins and ends, and how many bytes of runs stand before it; null: it is all one. */
  readonly #runs: { starts: Float64Array; ends: Float64Array; before: Float64Array } | null;
  readonly #count: number;
  /** Bytes in all runs together. */
  readonly bytes: number;

  /** `shift`: a block begins this many bytes before the image. Positions are counted from there. Throws OverBudget, EndlessMaps. */
  constructor(
    source: Pick<ByteSource, 'size' | 'nextRun'>,
    blockBytes: number,
    shift: number,
    room: Room | null = null,
  ) {
    const size = source.size + shift;
    if (source.nextRun === undefined) {
      [this.#runs, this.#count, this.bytes] = [null, 1, size];
      return;
    }
    let starts = new Float64Array(FIRST_RUNS);
    let ends = new Float64Array(FIRST_RUNS);
    let before = new Float64Array(FIRST_RUNS);
    let count = 0;
    let bytes = 0;
    for (let run = source.nextRun(0); run !== null; run = source.nextRun(run.end)) {
      const start = Math.floor((run.start + shift) / blockBytes) * blockBytes;
      const end = Math.min(size, Math.ceil((run.end + shift) / blockBytes) * blockBytes);
      const last = ends[count - 1] ?? -1;
      if (count > 0 && start <= last) {
        if (end > last) bytes += end - last;
        ends[count - 1] = Math.max(last, end);
        continue;
      }
      if (count === starts.length) {
        if (room?.take(count * RUN_BYTES) === false)
          throw new OverBudget(
            `what is stored of it lies in more than ${count} pieces, and there is no room for more`,
          );
        starts = grown(starts);
        ends = grown(ends);
        before = grown(before);
      }
      [starts[count], ends[count], before[count]] = [start, end, bytes];
      count++;
      bytes += end - start;
    }
    [this.#runs, this.#count, this.bytes] = [{ starts, ends, before }, count, bytes];
  }

  /** How many bytes of runs stand before a position. */
  rankOf(position: number): number {
    if (this.#runs === null) return position;
    const { starts, ends, before } = this.#runs;
    const index = this.#firstWith((i) => (ends[i] ?? 0) > position);
    if (index === this.#count) return this.bytes;
    return (before[index] ?? 0) + Math.max(0, position - (starts[index] ?? 0));
  }

  /** Where the byte is that has so many bytes of runs before it. */
  positionOf(rank: number): number {
    if (this.#runs === null) return rank;
    const { starts, before } = this.#runs;
    const index = this.#firstWith((i) => (before[i] ?? 0) > rank) - 1;
    return (starts[index] ?? 0) + rank - (before[index] ?? 0);
  }

  #firstWith(holds: (index: number) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function grown(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
