/**
 * Cuts bytes into samples as the specification has them: one a non-empty line of text, one a block of 1,024 bytes of
 * anything else. Memory is constant: no line is ever held.
 */

/** Takes one sample: its entropy in bits per byte, and the bytes [start, end) of the file that it was measured over. */
export type Take = (bits: number, start: number, end: number) => void;

export interface Sampler {
  /** The next bytes, in order; the chunk is not kept. */
  add(chunk: Buffer): void;
  /** After the last byte: what is left over is a sample, too. */
  end(): void;
}

export const BLOCK_BYTES = 1024;

/** n × log2(n) for counts up to a block's; larger ones are computed. */
const N_LOG_N = Float64Array.from({ length: BLOCK_BYTES + 1 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));

function nLogN(count: number): number {
  return N_LOG_N[count] ?? count * Math.log2(count);
}

/** How often each byte came. Counts are exact up to 2^53. */
class Tally {
  readonly #counts = new Float64Array(256);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    const counts = this.#counts;
    for (let at = from; at < to; at++) {
      const value = bytes[at] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
    this.#total += to - from;
  }

  /**
   * Shannon entropy in bits per byte of what was counted, then starts anew. The same as `shannon` of the entropy
   * analyzer, written as log2(n) - Σ c log2(c) / n so that a table answers for blocks.
   */
  take(): number {
    let sum = 0;
    const total = this.#total;
    for (let value = 0; value < 256; value++) {
      const count = this.#counts[value] ?? 0;
      if (count > 0) sum += nLogN(count);
    }
    this.#counts.fill(0);
    this.#total = 0;
    const bits = (nLogN(total) - sum) / total;
    // Rounding may leave it a hair outside.
    return Math.min(8, Math.max(0, bits));
  }
}

/** One sample a block; the last one may be shorter. */
export class BlockSampler implements Sampler {
  readonly #take: Take;
  readonly #tally = new Tally();
  #start = 0;

  constructor(take: Take) {
    this.#take = take;
  }

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const to = Math.min(chunk.length, at + BLOCK_BYTES - this.#tally.total);
      this.#tally.add(chunk, at, to);
      at = to;
      if (this.#tally.total === BLOCK_BYTES) this.#cut();
    }
  }

  end(): void {
    if (this.#tally.total > 0) this.#cut();
  }

  #cut(): void {
    const end = this.#start + this.#tally.total;
    this.#take(this.#tally.take(), this.#start, end);
    this.#start = end;
  }
}

const LF = 0x0a;
const CR = 0x0d;

/** One sample a line that is not empty. A line ends at LF or CR LF, or with the file. */
export class LineSampler implements Sampler {
  readonly #take: Take;
  readonly #tally = new Tally();
  /** A CR was seen, and it is not known yet whether it ends the line or is part of it. */
  #cr = false;
  #start = 0;
  #position = 0;

  constructor(take: Take) {
    this.#take = take;
  }

  add(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const lf = chunk.indexOf(LF, at);
      const to = lf === -1 ? chunk.length : lf;
      this.#content(chunk, at, to);
      if (lf === -1) break;
      this.#cut();
      at = lf + 1;
      this.#start = this.#position + at;
    }
    this.#position += chunk.length;
  }

  end(): void {
    this.#cut();
  }

  /** Bytes of the line; a CR at their end waits for what follows it. */
  #content(chunk: Buffer, from: number, to: number): void {
    if (from === to) return;
    if (this.#cr) this.#tally.add(CR_BYTE, 0, 1);
    this.#cr = chunk[to - 1] === CR;
    this.#tally.add(chunk, from, this.#cr ? to - 1 : to);
  }

  #cut(): void {
    this.#cr = false;
    if (this.#tally.total === 0) return;
    const end = this.#start + this.#tally.total;
    this.#take(this.#tally.take(), this.#start, end);
  }
}

const CR_BYTE = Buffer.from([CR]);
