/** What a walk over a file's structure came to. */
export type Shape =
  /** It holds together to its end. */
  | 'holds'
  /** It breaks off within: what follows is no part of it. */
  | 'broken'
  /** The file ends before its structure does. */
  | 'cut'
  /** It holds together, and says of what is in it that it is not compressed: noise is none of it. */
  | 'bare';

/** A check sum over what is passed. */
export interface Sum {
  /** Of the bytes before. */
  readonly start: number;
  readonly over: (bytes: Buffer, before: number) => number;
}

/** What a walker asks for: that many bytes to look at; to be passed over; or passed over with their check sum. */
export type Ask =
  | { readonly take: number }
  | { readonly pass: number; readonly sum?: Sum }
  /** Passes bytes until `find` answers where in a piece it wants to stop (-1: not in this one). */
  | { readonly find: (piece: Buffer) => number };

/** Answers: the bytes taken (fewer at the end of the file), or the sum of what was passed. */
export type Walk = Generator<Ask, 'holds' | 'broken', Answer>;

export interface Answer {
  /** What was taken; empty otherwise. */
  readonly bytes: Buffer;
  /** Of what was passed. */
  readonly sum: number;
  /** The file ended first. */
  readonly ended: boolean;
}

/** What may be taken at once, in bytes: the longest header that a walker looks at whole. */
const MOST_TAKEN = 64 * 1024;
/** What is cut off mostly has more than this part of it. */
const ABSURD = 16;
const EMPTY = Buffer.alloc(0);

/** Lets a walker see a file that comes in chunks of any size. Memory: what it takes at once. */
export class Walker {
  readonly #walk: Walk;
  #ask: Ask | null = null;
  #done: Shape | null = null;
  readonly #taken = Buffer.alloc(MOST_TAKEN);
  #held = 0;
  #left = 0;
  #sum = 0;
  #position = 0;
  #brokenAt: number | null = null;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#step({ bytes: EMPTY, sum: 0, ended: false });
  }

  /** Where it broke; null when it did not. */
  get brokenAt(): number | null {
    return this.#brokenAt;
  }

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#done === null;) at += this.#feed(chunk, at);
  }

  /** After the last byte. */
  close(): Shape {
    if (this.#done === null) {
      // A walker that only looked whether anything follows is told that nothing does.
      this.#step({ bytes: this.#taken.subarray(0, this.#held), sum: this.#sum, ended: true });
      this.#done ??= this.#isAbsurd() ? 'broken' : 'cut';
    }
    return this.#done;
  }

  /** A size that announces many times what there is was never written: it is noise that was read as a size. */
  #isAbsurd(): boolean {
    const absurd = this.#left > ABSURD * this.#position;
    if (absurd) this.#brokenAt = this.#position;
    return absurd;
  }

  /** Bytes of the chunk that were used. */
  #feed(chunk: Buffer, at: number): number {
    const ask = this.#ask;
    if (ask === null) return chunk.length - at;
    if ('take' in ask) {
      const part = Math.min(ask.take - this.#held, chunk.length - at);
      chunk.copy(this.#taken, this.#held, at, at + part);
      this.#held += part;
      this.#position += part;
      if (this.#held === ask.take) {
        this.#step({ bytes: this.#taken.subarray(0, this.#held), sum: 0, ended: false });
      }
      return part;
    }
    if ('pass' in ask) {
      const part = Math.min(this.#left, chunk.length - at);
      if (ask.sum !== undefined) this.#sum = ask.sum.over(chunk.subarray(at, at + part), this.#sum);
      this.#left -= part;
      this.#position += part;
      if (this.#left === 0) this.#step({ bytes: EMPTY, sum: this.#sum, ended: false });
      return part;
    }
    const piece = chunk.subarray(at);
    const found = ask.find(piece);
    const used = found < 0 ? piece.length : found;
    this.#position += used;
    if (found >= 0) this.#step({ bytes: EMPTY, sum: 0, ended: false });
    return used;
  }

  #step(answer: Answer): void {
    const next = this.#walk.next(answer);
    if (next.done === true) {
      this.#done = next.value;
      if (next.value === 'broken') this.#brokenAt = this.#position;
      this.#ask = null;
      return;
    }
    const ask = next.value;
    if (answer.ended) return;
    this.#ask = ask;
    this.#held = 0;
    this.#left = 'pass' in ask ? ask.pass : 0;
    if ('pass' in ask) {
      this.#sum = ask.sum?.start ?? 0;
      if (ask.pass <= 0) this.#step({ bytes: EMPTY, sum: this.#sum, ended: false });
    } else if ('take' in ask && (ask.take > MOST_TAKEN || ask.take < 1)) this.#done = 'broken';
  }
}
