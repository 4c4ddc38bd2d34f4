/** What is known of an entry before it is unpacked. */
export const STANDING = { apart: 0, overlapping: 1, again: 2 } as const;
export type Standing = (typeof STANDING)[keyof typeof STANDING];

/** Where every listed member lies, of all directories of an archive, in at most 33 bytes a member. */
export class Ranges {
  #starts = new Float64Array(64);
  #ends = new Float64Array(64);
  #marks = new Uint32Array(64);
  #standing = new Uint8Array(64);
  #order = new Uint32Array(0);
  count = 0;

  /** `mark` tells two readings of the same bytes apart. */
  add(start: number, end: number, mark: number): void {
    if (this.count === this.#starts.length) {
      const length = this.count * 2;
      this.#starts = copied(this.#starts, new Float64Array(length));
      this.#ends = copied(this.#ends, new Float64Array(length));
      this.#marks = copied(this.#marks, new Uint32Array(length));
      this.#standing = copied(this.#standing, new Uint8Array(length));
    }
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.#marks[this.count] = mark;
    this.count++;
  }

  /** Judges the entries from number `from` on; those before are unpacked already. Returns how many overlap. */
  judge(from: number): number {
    this.#sort();
    const starts = this.#starts;
    let overlapping = 0;
    let reached = 0;
    let kept = -1;
    for (const index of this.#order) {
      const start = starts[index] ?? 0;
      const same = kept >= 0 && start === starts[kept] && this.#marks[index] === this.#marks[kept];
      if (same && index >= from && kept < from) this.#standing[index] = STANDING.again;
      else if (start < reached) {
        overlapping++;
        if (index >= from) this.#standing[index] = STANDING.overlapping;
      } else kept = index;
      reached = Math.max(reached, this.#ends[index] ?? 0);
    }
    return overlapping;
  }

  standing(index: number): Standing {
    const value = this.#standing[index];
    return value === STANDING.again || value === STANDING.overlapping ? value : STANDING.apart;
  }

  /** Where the next member behind `start` begins; Infinity: there is none. */
  nextStart(start: number): number {
    return this.#starts[this.#order[this.#after(start)] ?? -1] ?? Infinity;
  }

  /** The first byte of the entries from number `from` on; Infinity: there are none. */
  lowest(from: number): number {
    let lowest = Infinity;
    for (let index = from; index < this.count; index++)
      lowest = Math.min(lowest, this.#starts[index] ?? Infinity);
    return lowest;
  }

  /** Index in `#order` of the first that begins behind `start`. */
  #after(start: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[this.#order[middle] ?? 0] ?? 0) > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #sort(): void {
    const starts = this.#starts;
    const order = Uint32Array.from({ length: this.count }, (_, index) => index);
    let ascending = true;
    for (let index = 1; index < this.count && ascending; index++)
      ascending = (starts[index - 1] ?? 0) <= (starts[index] ?? 0);
    // Ties stay in the order of their numbers.
    if (!ascending) order.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
    this.#order = order;
  }
}

function copied<T extends Float64Array | Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
