import type { Bits } from './bits-lsb.ts';

/** Longest code of VP8L, in bits. */
const MOST_BITS = 15;
/** Codes up to this long are looked up at once. */
const ROOT_BITS = 9;

/**
 * A canonical prefix code that is written from its first bit on (as in RFC 1951, 3.2.2). `of` refuses lengths that leave
 * codes without a symbol, or symbols without a code: no encoder writes them, and noise hardly ever fits.
 */
export class PrefixCode {
  /** For each beginning of `ROOT_BITS`: symbol * 16 + length; 0 where the code is longer. */
  readonly #root: Uint32Array;
  /** Symbols by length and value, and how many of each length there are. */
  readonly #symbols: readonly number[];
  readonly #counts: readonly number[];
  /** The only symbol takes no bits. */
  readonly #only: number | null;

  private constructor(symbols: readonly number[], counts: readonly number[], only: number | null) {
    this.#symbols = symbols;
    this.#counts = counts;
    this.#only = only;
    this.#root = new Uint32Array(only === null ? 1 << ROOT_BITS : 0);
    if (only === null) this.#fill();
  }

  static only(symbol: number): PrefixCode {
    return new PrefixCode([], [], symbol);
  }

  /** From the lengths of all symbols' codes; null: there is no such code. */
  static of(lengths: ArrayLike<number>): PrefixCode | null {
    const counts = Array.from({ length: MOST_BITS + 1 }, () => 0);
    let used = 0;
    let last = 0;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol] ?? 0;
      if (length === 0) continue;
      counts[length] = (counts[length] ?? 0) + 1;
      used++;
      last = symbol;
    }
    if (used === 1) return PrefixCode.only(last);
    const room = counts.reduce((sum, count, length) => sum + count * 2 ** (MOST_BITS - length), 0);
    if (room !== 2 ** MOST_BITS) return null;
    const symbols: number[] = [];
    for (let length = 1; length <= MOST_BITS; length++) {
      if ((counts[length] ?? 0) === 0) continue;
      for (let symbol = 0; symbol < lengths.length; symbol++)
        if (lengths[symbol] === length) symbols.push(symbol);
    }
    return new PrefixCode(symbols, counts, null);
  }

  read(bits: Bits): number {
    if (this.#only !== null) return this.#only;
    const word = bits.peek();
    const known = this.#root[word & ((1 << ROOT_BITS) - 1)] ?? 0;
    if (known !== 0) {
      bits.position += known & 15;
      return known >> 4;
    }
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MOST_BITS; length++) {
      code = (code << 1) | ((word >>> (length - 1)) & 1);
      const count = this.#counts[length] ?? 0;
      if (code - first < count) {
        bits.position += length;
        return this.#symbols[index + code - first] ?? 0;
      }
      index += count;
      first = (first + count) << 1;
    }
    return 0;
  }

  #fill(): void {
    let code = 0;
    let index = 0;
    for (let length = 1; length <= ROOT_BITS; length++) {
      for (let left = this.#counts[length] ?? 0; left > 0; left--) {
        const entry = ((this.#symbols[index++] ?? 0) << 4) | length;
        for (let at = reversed(code, length); at < this.#root.length; at += 1 << length) {
          this.#root[at] = entry;
        }
        code++;
      }
      code <<= 1;
    }
  }
}

function reversed(code: number, length: number): number {
  let turned = 0;
  for (let bit = 0; bit < length; bit++) turned |= ((code >> bit) & 1) << (length - 1 - bit);
  return turned;
}
