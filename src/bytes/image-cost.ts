/**
 * What is held for the images of one tree at a time: which bytes lie where, what was met, what is accounted for. A
 * map of 4 million extents takes half of it.
 */
const MAX_HELD_BYTES = 256 * 1024 * 1024;
/**
 * Steps from extent to extent in search of bytes that are no hole, beyond those that reading pays for. The longest map
 * may be gone through some times; maps over maps, each of which leads to all of the next, are not.
 */
const FREE_STEPS = 16 * 1024 * 1024;
/** A read of so many bytes pays for a step. */
const BYTES_A_STEP = 512;

/** Maps over maps in which the search for the next bytes would not end in any useful time. */
export class EndlessMaps extends Error {
  constructor() {
    super(`images within images are in more than ${FREE_STEPS} pieces that are looked through and not read`);
    this.name = 'EndlessMaps';
  }
}

export interface Room {
  /** Whether there is room for so many more bytes; then they are taken. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** What the images of one tree cost together, however deep they lie in each other: one for the tree. */
export class ImageCost {
  #held = 0;
  #steps = 0;

  /** Room out of what is left for all. */
  share(): RoomShare {
    const add = (bytes: number): boolean => {
      if (this.#held + bytes > MAX_HELD_BYTES) return false;
      this.#held += bytes;
      return true;
    };
    return new RoomShare(add);
  }

  /** Throws EndlessMaps. */
  step(): void {
    if (++this.#steps > FREE_STEPS) throw new EndlessMaps();
  }

  paid(bytes: number): void {
    this.#steps = Math.max(0, this.#steps - 1 - bytes / BYTES_A_STEP);
  }
}

/** Room that one image or file takes; it is given back when that is done with. */
export class RoomShare implements Room {
  readonly #add: (bytes: number) => boolean;
  #taken = 0;

  constructor(add: (bytes: number) => boolean) {
    this.#add = add;
  }

  take(bytes: number): boolean {
    if (!this.#add(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#add(-bytes);
    this.#taken -= bytes;
  }

  [Symbol.dispose](): void {
    this.give(this.#taken);
  }
}
