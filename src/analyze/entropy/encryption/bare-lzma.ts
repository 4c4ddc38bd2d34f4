import { isNoise } from './trimmings.ts';

/**
 * LZMA without any header, as boot loaders, firmware and the archives of games keep it: nothing but decoding tells it from a cipher.
 * A decoder that gets noise soon copies from before the beginning, for half of what it reads are distances, and any are as likely.
 * Source: LZMA SDK, lzma-specification.txt.
 */

/** In bytes: where the stream may begin, behind a loader; and behind a header, where noise is all there is. */
const SEARCHED = 8192;
const SEARCHED_IN_NOISE = 64;
/** In bytes, of the beginning: a loader or its data would show. */
const LOADER_BYTES = 1024;
/** lc, lp and pb: those of LZMA SDK and xz; those of iPXE. */
const PROPERTIES = [
  [3, 0, 2],
  [2, 0, 0],
] as const;
/** In bytes: what is so long and decodes is no noise. Computed: noise gets past a distance in one of three cases, at best. */
const LEAST_BYTES = 2048;
/** Of what follows the beginning, so much must decode: the rest may stand behind the end. */
const LEAST_SHARE = 0.9;
/** Distinct values in as many bytes where a stream begins: 163 in noise, few in the zeros and tables before it. */
const DENSE = { bytes: 256, values: 120 } as const;
/** In decisions, over all beginnings that are tried: about a tenth of a second. */
const MOST_WORK = 6_000_000;
/** In bytes: what comes out is kept as far as this, for distances; the room is made once. */
const MOST_OUT = 4 * 1024 * 1024;
let room: Uint8Array | null = null;

/** Content that is LZMA from one of its first bytes to its end, or as far as `head` shows it. */
export function isBareLzma(head: Buffer): boolean {
  const budget = { left: MOST_WORK };
  const searched = isNoise(head, 0, LOADER_BYTES, LOADER_BYTES) ? SEARCHED_IN_NOISE : SEARCHED;
  for (let at = 0; at < Math.min(searched, head.length - LEAST_BYTES) && budget.left > 0; at++) {
    // What the range coder writes first is 0; that all it writes is, would be zeros.
    if (head[at] !== 0 || head.readUInt32BE(at + 1) === 0 || !isDense(head, at)) continue;
    room ??= new Uint8Array(MOST_OUT);
    const least = Math.max(LEAST_BYTES, (head.length - at) * LEAST_SHARE);
    for (const [lc, lp, pb] of PROPERTIES)
      if (new Lzma(head.subarray(at), room, { lc, lp, pb }, budget).taken() >= least) return true;
  }
  return false;
}

function isDense(head: Buffer, at: number): boolean {
  return new Set(head.subarray(at, at + DENSE.bytes)).size >= DENSE.values;
}

interface Properties {
  /** Bits of the byte before that choose among the codes of literals; of the place; of the place, for lengths. */
  readonly lc: number;
  readonly lp: number;
  readonly pb: number;
}

const STATES = 12;
const MOST_POSITION_STATES = 16;
const FIRST_MATCH_STATE = 7;
const HALF = 1024;
const BITS = 11;
const MOVE = 5;
const TOP = 2 ** 24;
const LEAST_MATCH = 2;
const DISTANCE_CLASSES = 4;
const LAST_BITS = 4;
/** Behind what is read as a distance: the end of the stream. */
const END_MARK = 0xffffffff;

const probabilities = (count: number): Uint16Array => new Uint16Array(count).fill(HALF);

class Lengths {
  readonly choice = probabilities(2);
  readonly low = probabilities(MOST_POSITION_STATES * 8);
  readonly middle = probabilities(MOST_POSITION_STATES * 8);
  readonly high = probabilities(256);
}

/** Decodes until something cannot be, and says how far it came. */
class Lzma {
  readonly #bytes: Buffer;
  readonly #out: Uint8Array;
  readonly #properties: Properties;
  readonly #budget: { left: number };
  #at = 5;
  #range = 0xffffffff;
  #code: number;
  readonly #isMatch = probabilities(STATES * MOST_POSITION_STATES);
  readonly #isRepeat = probabilities(STATES);
  readonly #isRepeat0 = probabilities(STATES);
  readonly #isRepeat1 = probabilities(STATES);
  readonly #isRepeat2 = probabilities(STATES);
  readonly #isLongRepeat0 = probabilities(STATES * MOST_POSITION_STATES);
  readonly #slots = probabilities(DISTANCE_CLASSES * 64);
  readonly #near = probabilities(128);
  readonly #aligned = probabilities(1 << LAST_BITS);
  readonly #literals: Uint16Array;
  readonly #matches = new Lengths();
  readonly #repeats = new Lengths();
  readonly #distances: [number, number, number, number] = [0, 0, 0, 0];
  #state = 0;
  #size = 0;

  /** `out`: room for what comes out; what stands in it before means nothing. */
  constructor(bytes: Buffer, out: Uint8Array, properties: Properties, budget: { left: number }) {
    this.#bytes = bytes;
    this.#out = out;
    this.#properties = properties;
    this.#budget = budget;
    this.#code = bytes.readUInt32BE(1);
    this.#literals = probabilities(0x300 << (properties.lc + properties.lp));
  }

  /** Bytes of input that are what LZMA writes. */
  taken(): number {
    while (this.#at < this.#bytes.length && this.#size < this.#out.length && this.#budget.left > 0) {
      if (!this.#one()) return this.#at;
    }
    return Math.min(this.#at, this.#bytes.length);
  }

  /** One literal or match; false: it cannot be, or is the end. */
  #one(): boolean {
    const position = this.#size & ((1 << this.#properties.pb) - 1);
    const place = this.#state * MOST_POSITION_STATES + position;
    if (this.#bit(this.#isMatch, place) === 0) {
      this.#literal();
      return true;
    }
    if (this.#bit(this.#isRepeat, this.#state) === 0) return this.#match(position);
    if (this.#size === 0) return false;
    const isShort =
      this.#bit(this.#isRepeat0, this.#state) === 0
        ? this.#bit(this.#isLongRepeat0, place) === 0
        : this.#turn();
    if (isShort) {
      this.#state = this.#state < FIRST_MATCH_STATE ? 9 : 11;
      return this.#copy(1);
    }
    const length = this.#length(this.#repeats, position);
    this.#state = this.#state < FIRST_MATCH_STATE ? 8 : 11;
    return this.#copy(length + LEAST_MATCH);
  }

  #literal(): void {
    const { lc, lp } = this.#properties;
    const before = this.#size === 0 ? 0 : (this.#out[this.#size - 1] ?? 0);
    const which = ((this.#size & ((1 << lp) - 1)) << lc) + (before >> (8 - lc));
    const base = 0x300 * which;
    let symbol = 1;
    if (this.#state >= FIRST_MATCH_STATE) {
      let beside = this.#out[this.#size - this.#distances[0] - 1] ?? 0;
      do {
        const expected = (beside >> 7) & 1;
        beside <<= 1;
        const bit = this.#bit(this.#literals, base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (expected !== bit) break;
      } while (symbol < 0x100);
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literals, base + symbol);
    this.#out[this.#size++] = symbol & 0xff;
    if (this.#state < 4) this.#state = 0;
    else this.#state -= this.#state < 10 ? 3 : 6;
  }

  #match(position: number): boolean {
    const [first, second, third] = this.#distances;
    const length = this.#length(this.#matches, position);
    this.#state = this.#state < FIRST_MATCH_STATE ? FIRST_MATCH_STATE : 10;
    const distance = this.#distance(length);
    this.#distances.splice(0, 4, distance, first, second, third);
    return distance !== END_MARK && this.#copy(length + LEAST_MATCH);
  }

  /** Brings an earlier distance to the front; never a match of one byte. */
  #turn(): false {
    const d = this.#distances;
    if (this.#bit(this.#isRepeat1, this.#state) === 0) d.splice(0, 2, d[1], d[0]);
    else if (this.#bit(this.#isRepeat2, this.#state) === 0) d.splice(0, 3, d[2], d[0], d[1]);
    else d.splice(0, 4, d[3], d[0], d[1], d[2]);
    return false;
  }

  /** False: from before the beginning. */
  #copy(length: number): boolean {
    const distance = this.#distances[0] + 1;
    if (distance > this.#size) return false;
    const end = Math.min(this.#out.length, this.#size + length);
    for (; this.#size < end; this.#size++) this.#out[this.#size] = this.#out[this.#size - distance] ?? 0;
    return true;
  }

  #length({ choice, low, middle, high }: Lengths, position: number): number {
    if (this.#bit(choice, 0) === 0) return this.#tree(low, position * 8, 3);
    if (this.#bit(choice, 1) === 0) return 8 + this.#tree(middle, position * 8, 3);
    return 16 + this.#tree(high, 0, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(this.#slots, Math.min(length, DISTANCE_CLASSES - 1) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + this.#reverse(this.#near, base - slot, bits);
    const middle = this.#direct(bits - LAST_BITS) * 2 ** LAST_BITS;
    return base + middle + this.#reverse(this.#aligned, 0, LAST_BITS);
  }

  #tree(model: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    for (let left = bits; left > 0; left--) symbol = (symbol << 1) | this.#bit(model, base + symbol);
    return symbol - (1 << bits);
  }

  #reverse(model: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let at = 0; at < bits; at++) {
      const bit = this.#bit(model, base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << at;
    }
    return value;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let left = bits; left > 0; left--) {
      this.#range = Math.floor(this.#range / 2);
      const bit = this.#code >= this.#range ? 1 : 0;
      this.#code -= bit * this.#range;
      value = value * 2 + bit;
      this.#normalize();
    }
    return value;
  }

  #bit(model: Uint16Array, at: number): 0 | 1 {
    this.#budget.left--;
    const probability = model[at] ?? HALF;
    const bound = Math.floor(this.#range / 2 ** BITS) * probability;
    if (this.#code < bound) {
      this.#range = bound;
      model[at] = probability + ((2 ** BITS - probability) >> MOVE);
      this.#normalize();
      return 0;
    }
    this.#code -= bound;
    this.#range -= bound;
    model[at] = probability - (probability >> MOVE);
    this.#normalize();
    return 1;
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    this.#range *= 256;
    this.#code = this.#code * 256 + (this.#bytes[this.#at++] ?? 0);
  }
}
