import type { ByteSource } from '../bytes/index.ts';
import { ByteReader } from './byte-reader.ts';
import type { FormatSink } from './format.ts';
import { OverBudget } from './trouble.ts';

/** Bytes [start, end) of a container. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Separate stretches remembered: 2 million of 16 bytes each. A container in more pieces than that is not sorted out. */
const MAX_STRETCHES = 2_000_000;

/**
 * Which bytes of a container are accounted for, by its own structure or by a member. What no one claims is handed to
 * the sink like a member: no byte is out of sight because no listing names it.
 */
export class ByteLedger {
  readonly #size: number;
  #starts = new Float64Array(64);
  #ends = new Float64Array(64);
  #count = 0;
  /** Stretches before this one are sorted and apart from each other. */
  #merged = 0;

  /** `size` of the container, in bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** The bytes of [start, end) are accounted for; what lies outside the container is left out. Throws OverBudget. */
  claim(start: number, end: number): void {
    const from = Math.max(0, start);
    const to = Math.min(this.#size, end);
    if (!(from < to)) return;
    const last = this.#count - 1;
    if (last >= 0 && this.#ends[last] === from) {
      this.#ends[last] = to;
      this.#merged = Math.min(this.#merged, last);
      return;
    }
    if (this.#count === this.#starts.length) this.#room();
    this.#starts[this.#count] = from;
    this.#ends[this.#count] = to;
    this.#count++;
  }

  /** What nobody claimed, in order. */
  unclaimed(): Stretch[] {
    this.#merge();
    const rest: { start: number; end: number }[] = [];
    let reached = 0;
    for (let i = 0; i < this.#count; i++) {
      const start = this.#starts[i] ?? 0;
      if (start > reached) rest.push({ start: reached, end: start });
      reached = this.#ends[i] ?? 0;
    }
    if (reached < this.#size) rest.push({ start: reached, end: this.#size });
    return rest;
  }

  #room(): void {
    this.#merge();
    if (this.#count * 2 <= this.#starts.length) return;
    if (this.#count >= MAX_STRETCHES) throw new OverBudget(`in more than ${MAX_STRETCHES} separate pieces`);
    this.#starts = grown(this.#starts);
    this.#ends = grown(this.#ends);
  }

  #merge(): void {
    if (this.#merged === this.#count) return;
    const starts = this.#starts.slice(0, this.#count);
    const ends = this.#ends.slice(0, this.#count);
    const order = Uint32Array.from(starts.keys()).toSorted((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0));
    let kept = 0;
    for (const index of order) {
      const start = starts[index] ?? 0;
      const end = ends[index] ?? 0;
      const before = kept === 0 ? -1 : (this.#ends[kept - 1] ?? 0);
      if (start <= before) this.#ends[kept - 1] = Math.max(before, end);
      else {
        this.#starts[kept] = start;
        this.#ends[kept] = end;
        kept++;
      }
    }
    this.#count = kept;
    this.#merged = kept;
  }
}

function grown(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

/** Holes up to this size are handed on together with what lies around them. */
const SMALL_HOLE_BYTES = 1024 * 1024;

/** Unclaimed stretches that are members of their own; those that follow are one member together. */
const MAX_UNCLAIMED = 100_000;

/** Zero bytes are padding; a stretch that holds anything else becomes a member named after where it lies. */
export async function handOnUnclaimed(
  ledger: { unclaimed(): Iterable<Stretch> },
  source: ByteSource,
  sink: FormatSink,
): Promise<void> {
  const stretches = notInHoles(source, ledger.unclaimed());
  let handedOn = 0;
  for (const { start, end } of stretches) {
    const reader = new ByteReader(source.stream(start, end));
    if (!(await reader.skipZeros())) continue;
    const from = start + reader.position;
    if (++handedOn > MAX_UNCLAIMED) {
      const content = inOne(reader, stretches, source);
      await sink.member({ name: `(bytes from ${from} on, in no member)`, size: null, content });
      return;
    }
    const name = `(bytes ${from}-${end - 1}, in no member)`;
    await sink.member({ name, size: end - from, content: reader.rest() });
  }
}

async function* inOne(
  first: ByteReader,
  rest: Iterable<Stretch>,
  source: ByteSource,
): AsyncGenerator<Buffer, void, undefined> {
  yield* first.rest();
  for (const { start, end } of rest) {
    const reader = new ByteReader(source.stream(start, end));
    if (await reader.skipZeros()) yield* reader.rest();
  }
}

function* notInHoles(source: ByteSource, stretches: Iterable<Stretch>): Generator<Stretch, void, undefined> {
  for (const stretch of stretches) yield* withoutHoles(source, stretch);
}

/** A stretch without the large holes of its source. */
function* withoutHoles(source: ByteSource, { start, end }: Stretch): Generator<Stretch> {
  if (source.nextRun === undefined) {
    yield { start, end };
    return;
  }
  let run = source.nextRun(start);
  while (run !== null && run.start < end) {
    const from = run.start;
    let to = Math.min(end, run.end);
    run = source.nextRun(to);
    while (run !== null && run.start - to <= SMALL_HOLE_BYTES && run.start < end) {
      to = Math.min(end, run.end);
      if (to === end) break;
      run = source.nextRun(to);
    }
    yield { start: from, end: to };
    if (to === end) return;
  }
}
