import { randomInt } from 'node:crypto';
import type { Room } from '../../bytes/index.ts';

/** Whether a number was there before; `full`: there is no room to remember it. */
export type Seen = 'new' | 'known' | 'full';

const FIRST_SLOTS = 1024;
const SLOT_BYTES = 8;
const EMPTY = -1;
/** Where a number goes follows from them too: whoever makes an image cannot choose numbers that all go to one place. */
const [SEED_LOW, SEED_HIGH] = [randomInt(2 ** 32), randomInt(2 ** 32)];

/** Numbers from 0 to 2^53, 16 bytes each or less: many inodes without an object for each. */
export class NumberSet {
  #most: number;
  readonly #room: Room | null;
  #slots = new Float64Array(FIRST_SLOTS).fill(EMPTY);
  #count = 0;

  /** `most` numbers, as far as there is room for them; the first few cost nothing. */
  constructor(most: number, room: Room | null = null) {
    this.#most = most;
    this.#room = room;
  }

  add(value: number): Seen {
    const slot = this.#slotOf(value);
    if (this.#slots[slot] === value) return 'known';
    if (this.#count >= this.#most) return 'full';
    this.#slots[slot] = value;
    if (++this.#count * 2 > this.#slots.length) {
      // Without room for more this one is the last.
      if (this.#room?.take(this.#slots.length * SLOT_BYTES) === false) this.#most = this.#count;
      else this.#grow();
    }
    return 'new';
  }

  #slotOf(value: number): number {
    const mask = this.#slots.length - 1;
    let slot = mixed(mixed((value ^ SEED_LOW) | 0) ^ Math.floor(value / 2 ** 32) ^ SEED_HIGH) & mask;
    while (this.#slots[slot] !== EMPTY && this.#slots[slot] !== value) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Float64Array(before.length * 2).fill(EMPTY);
    for (const value of before) if (value !== EMPTY) this.#slots[this.#slotOf(value)] = value;
  }
}

/** MurmurHash3, the finalizer of 32 bits: every bit counts for every other. */
function mixed(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
