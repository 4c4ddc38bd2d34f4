import { hash, randomBytes } from 'node:crypto';

/** What is remembered of one unit between two sweeps. All times monotonic, in ms. */
export interface Known {
  /** When it was first seen as it is now. */
  readonly since: number;
  /** When it was first met, however often it changed since. */
  readonly met: number;
  /** It was handed on as it is now. */
  readonly told: boolean;
}

/** Slots at the start; a power of two. */
const FIRST_SLOTS = 1024;
const WORDS = 5;

/**
 * Which units were seen in the last sweep, and as what. 36 bytes a slot, at most 3 of 4 slots in use: a million files take
 * 50 to 75 MB, where a Map of paths would take ten times that. Paths and identities are kept as 64 bits of a keyed
 * hash: nobody can choose names that meet.
 */
export class KnownUnits {
  readonly #key = randomBytes(16);
  /** A slot: path (2 words), print (2 words), and the number of the sweep that saw it with 1 bit for told; 0: free. */
  #slots = new Uint32Array(FIRST_SLOTS * WORDS);
  #since = new Float64Array(FIRST_SLOTS);
  #met = new Float64Array(FIRST_SLOTS);
  #used = 0;
  #sweep = 1;

  get size(): number {
    return this.#used;
  }

  /**
   * Notes that it was seen as `print`; answers what was known of it, with `since` now where that is new. `metBefore`: of one
   * that is unknown here, when it was met nevertheless.
   */
  see(
    path: Buffer,
    print: Buffer,
    now: number,
    metBefore?: () => number | undefined,
  ): Known & { readonly news: 'new' | 'changed' | null } {
    const slot = this.#take(this.#digest(path));
    const at = slot * WORDS;
    const mark = this.#slots[at + 4] ?? 0;
    const hashed = this.#digest(print);
    const [high, low] = [hashed.readUInt32LE(0), hashed.readUInt32LE(4)];
    const same = mark !== 0 && this.#slots[at + 2] === high && this.#slots[at + 3] === low;
    const wasTold = mark !== 0 && (mark & 1) === 1;
    if (!same) {
      this.#since[slot] = now;
      // What was handed on and is now another file is new work, with a waiting time of its own.
      if (mark === 0 || wasTold) this.#met[slot] = (mark === 0 ? metBefore?.() : undefined) ?? now;
      this.#slots[at + 2] = high;
      this.#slots[at + 3] = low;
    }
    const told = same && wasTold;
    this.#slots[at + 4] = this.#sweep * 2 + (told ? 1 : 0);
    return {
      since: this.#since[slot] ?? now,
      met: this.#met[slot] ?? now,
      told,
      news: mark === 0 ? 'new' : same ? null : 'changed',
    };
  }

  /** It was handed on, as it was last seen. */
  tell(path: Buffer): void {
    const at = this.#find(this.#digest(path)) * WORDS + 4;
    if ((this.#slots[at] ?? 0) !== 0) this.#slots[at] = (this.#slots[at] ?? 0) | 1;
  }

  /** Whatever comes under this path next is new. */
  forget(path: Buffer): void {
    const at = this.#find(this.#digest(path)) * WORDS;
    if ((this.#slots[at + 4] ?? 0) === 0) return;
    // Kept as a slot, so that the search for others goes on past it; no print is all zeros but by a chance of 2^-64.
    this.#slots[at + 2] = 0;
    this.#slots[at + 3] = 0;
    this.#slots[at + 4] = (this.#slots[at + 4] ?? 0) & ~1;
  }

  /** What this sweep did not see is forgotten: what comes under such a path is new. */
  endSweep(): void {
    const [slots, since, met] = [this.#slots, this.#since, this.#met];
    const seen = (slot: number): boolean => (slots[slot * WORDS + 4] ?? 0) >>> 1 === this.#sweep;
    let kept = 0;
    for (let slot = 0; slot < since.length; slot++) if (seen(slot)) kept++;
    if (kept < this.#used) {
      this.#allocate(kept);
      for (let slot = 0; slot < since.length; slot++) if (seen(slot)) this.#move(slots, since, met, slot);
    }
    // 31 bits: at one sweep a second, 68 years.
    this.#sweep++;
  }

  #digest(bytes: Buffer): Buffer {
    return hash('sha256', Buffer.concat([this.#key, bytes]), 'buffer').subarray(0, 8);
  }

  /** The slot of a path, taken if it is new: the caller sets its mark. */
  #take(digest: Buffer): number {
    if ((this.#used + 1) * 4 > this.#since.length * 3) this.#grow();
    const slot = this.#find(digest);
    if ((this.#slots[slot * WORDS + 4] ?? 0) !== 0) return slot;
    this.#slots[slot * WORDS] = digest.readUInt32LE(0);
    this.#slots[slot * WORDS + 1] = digest.readUInt32LE(4);
    this.#used++;
    return slot;
  }

  /** The slot of a path, or the free one where it would be. */
  #find(digest: Buffer): number {
    const [high, low] = [digest.readUInt32LE(0), digest.readUInt32LE(4)];
    const mask = this.#since.length - 1;
    let slot = low & mask;
    for (; (this.#slots[slot * WORDS + 4] ?? 0) !== 0; slot = (slot + 1) & mask) {
      if (this.#slots[slot * WORDS] === high && this.#slots[slot * WORDS + 1] === low) return slot;
    }
    return slot;
  }

  #grow(): void {
    const [slots, since, met, used] = [this.#slots, this.#since, this.#met, this.#used];
    this.#allocate(Math.max(used * 2, FIRST_SLOTS));
    for (let slot = 0; slot < since.length; slot++) {
      if ((slots[slot * WORDS + 4] ?? 0) !== 0) this.#move(slots, since, met, slot);
    }
  }

  #allocate(units: number): void {
    const length = 2 ** Math.ceil(Math.log2(Math.max(FIRST_SLOTS, (units + 1) * 1.5)));
    this.#slots = new Uint32Array(length * WORDS);
    this.#since = new Float64Array(length);
    this.#met = new Float64Array(length);
    this.#used = 0;
  }

  #move(slots: Uint32Array, since: Float64Array, met: Float64Array, from: number): void {
    const mask = this.#since.length - 1;
    let slot = (slots[from * WORDS + 1] ?? 0) & mask;
    while ((this.#slots[slot * WORDS + 4] ?? 0) !== 0) slot = (slot + 1) & mask;
    this.#slots.set(slots.subarray(from * WORDS, (from + 1) * WORDS), slot * WORDS);
    this.#since[slot] = since[from] ?? 0;
    this.#met[slot] = met[from] ?? 0;
    this.#used++;
  }
}
