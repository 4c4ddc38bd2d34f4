import { BoolDecoder } from './bool-decoder.ts';
import { COEFFICIENTS, COEFFICIENT_UPDATES, SUBBLOCK_MODES } from './vp8-tables.ts';
import type { Shape } from './walk.ts';

/** In blocks of 16 x 16: a picture of 32 million points. Of larger ones nothing is said. */
const MOST_BLOCKS = 125_000;
/**
 * In bytes, of a partition that a true picture leaves unread: encoders fill up (libwebp: two bytes, libvpx: four, RFC 6386,
 * 7.3), and beyond its end a decoder reads one or two. Noise is used up long before, or long after.
 */
const MOST_LEFT = 8;
const MOST_BEYOND = 2;

/** 11.2: the modes of a whole block. B_PRED: each of its 16 has one of its own. */
const DC = 0;
const TM = 1;
const VERTICAL = 2;
const HORIZONTAL = 3;
const EACH = 4;

/** 13.3: which probabilities a place within a block of 16 coefficients has. */
const BANDS = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0];
/** 13.2: of the bits that follow the four tokens for large values. */
const EXTRA_BITS = [
  [173, 148, 140],
  [176, 155, 140, 135],
  [180, 157, 141, 134, 130],
  [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];
const PER_BAND = 33;
const PER_KIND = 264;

/**
 * Whether a key frame of VP8 (RFC 6386) decodes: its modes and tokens are read, no picture is made. Arithmetic decoding makes
 * something of any bytes; but only what was encoded comes out even at the end of every partition.
 */
export function vp8(bytes: Uint8Array): Shape | null {
  if (bytes.length < 10) return 'broken';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tag = view.getUint16(0, true) | ((bytes[2] ?? 0) << 16);
  // 9.1: the lowest bit is 0 in a key frame, and a still picture is one.
  if ((tag & 1) !== 0 || view.getUint16(3) !== 0x9d01 || bytes[5] !== 0x2a) return 'broken';
  const across = ((view.getUint16(6, true) & 0x3fff) + 15) >> 4;
  const down = ((view.getUint16(8, true) & 0x3fff) + 15) >> 4;
  if (across === 0 || down === 0) return 'broken';
  if (across * down > MOST_BLOCKS) return null;
  const firstEnd = 10 + (tag >> 5);
  if (firstEnd > bytes.length) return 'cut';
  const first = new BoolDecoder(bytes, 10, firstEnd);
  const header = headerOf(first);
  const parts = partitions(bytes, firstEnd, header.partitions);
  if (parts === null) return 'cut';
  const frame = new Frame(header, across);
  for (let row = 0; row < down; row++) {
    const tokens = parts[row % parts.length];
    if (tokens === undefined) return 'broken';
    frame.row(first, tokens);
    if (first.beyond > MOST_BEYOND || tokens.beyond > MOST_BEYOND) return 'broken';
  }
  return [first, ...parts].every(({ beyond }) => beyond >= -MOST_LEFT) ? 'holds' : 'broken';
}

interface Header {
  /** Probabilities of the segment's number; null: blocks have none. */
  readonly segments: readonly number[] | null;
  readonly partitions: number;
  readonly coefficients: Uint8Array;
  /** Probability that a block has coefficients; null: all have. */
  readonly skip: number | null;
}

/** 9.2 to 9.11, in the order of 19.2. What is only needed for making a picture is read and dropped. */
function headerOf(first: BoolDecoder): Header {
  first.literal(2);
  const segments = first.flag() ? segmentation(first) : null;
  first.literal(10);
  if (first.flag() && first.flag()) for (let delta = 0; delta < 8; delta++) optional(first, 7);
  const partitionCount = 1 << first.literal(2);
  first.literal(7);
  for (let quantizer = 0; quantizer < 5; quantizer++) optional(first, 5);
  first.literal(1);
  const coefficients = Uint8Array.from(COEFFICIENTS);
  for (let at = 0; at < coefficients.length; at++) {
    if (first.bool(COEFFICIENT_UPDATES[at] ?? 255) === 1) coefficients[at] = first.literal(8);
  }
  const skip = first.flag() ? first.literal(8) : null;
  return { segments, partitions: partitionCount, coefficients, skip };
}

/** 9.3. */
function segmentation(first: BoolDecoder): readonly number[] | null {
  const hasMap = first.flag();
  if (first.flag()) {
    first.literal(1);
    for (let segment = 0; segment < 4; segment++) optional(first, 8);
    for (let segment = 0; segment < 4; segment++) optional(first, 7);
  }
  if (!hasMap) return null;
  return [0, 1, 2].map(() => (first.flag() ? first.literal(8) : 255));
}

/** A flag, and if it is set so many bits. */
function optional(first: BoolDecoder, bits: number): void {
  if (first.flag()) first.literal(bits);
}

/** 9.5: their lengths, but the last one's, stand in front of them. null: they do not fit. */
function partitions(bytes: Uint8Array, from: number, count: number): BoolDecoder[] | null {
  const found: BoolDecoder[] = [];
  let start = from + 3 * (count - 1);
  for (let part = 0; part < count; part++) {
    const at = from + 3 * part;
    const length =
      part === count - 1
        ? bytes.length - start
        : (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    if (length < 0 || start + length > bytes.length) return null;
    found.push(new BoolDecoder(bytes, start, start + length));
    start += length;
  }
  return found;
}

/** What a block's neighbours tell of it: above for the whole width, to the left for one row. */
class Frame {
  readonly #header: Header;
  readonly #across: number;
  /** Modes of the lowest 4 x 4 blocks of the row above, four a block; and of the rightmost of the block to the left. */
  readonly #modesAbove: Uint8Array;
  readonly #modesLeft = new Uint8Array(4);
  /** Whether there were coefficients: four of Y, two of U, two of V, one of Y2. */
  readonly #above: Uint8Array;
  readonly #left = new Uint8Array(9);

  constructor(header: Header, across: number) {
    this.#header = header;
    this.#across = across;
    this.#modesAbove = new Uint8Array(4 * across);
    this.#above = new Uint8Array(9 * across);
  }

  row(first: BoolDecoder, tokens: BoolDecoder): void {
    this.#modesLeft.fill(DC);
    this.#left.fill(0);
    for (let column = 0; column < this.#across; column++) {
      const { segments, skip } = this.#header;
      if (segments !== null) first.bool(segments[first.bool(segments[0] ?? 0) === 1 ? 2 : 1] ?? 0);
      const isEmpty = skip === null ? false : first.bool(skip) === 1;
      const hasY2 = this.#modes(first, column) !== EACH;
      if (isEmpty) this.#pass(column, hasY2);
      else this.#tokens(tokens, column, hasY2);
    }
  }

  /** 11.2 to 11.4: the mode of the block; of the colours' nothing is kept. */
  #modes(first: BoolDecoder, column: number): number {
    const mode = blockMode(first);
    const above = this.#modesAbove.subarray(4 * column, 4 * column + 4);
    const left = this.#modesLeft;
    if (mode === EACH) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 4; x++) {
          const one = subblockMode(first, 9 * (10 * (above[x] ?? 0) + (left[y] ?? 0)));
          above[x] = one;
          left[y] = one;
        }
      }
    } else {
      above.fill(mode);
      left.fill(mode);
    }
    if (first.bool(142) === 1 && first.bool(114) === 1) first.bool(183);
    return mode;
  }

  /** Without coefficients; a block without Y2 leaves its neighbours' as it is (13.3). */
  #pass(column: number, hasY2: boolean): void {
    const planes = hasY2 ? 9 : 8;
    this.#above.fill(0, 9 * column, 9 * column + planes);
    this.#left.fill(0, 0, planes);
  }

  /** 13: Y2 where there is one, 16 of Y, 4 of U, 4 of V. */
  #tokens(tokens: BoolDecoder, column: number, hasY2: boolean): void {
    const from = 9 * column;
    if (hasY2) this.#block(tokens, 1, 0, from + 8, 8);
    const kind = hasY2 ? 0 : 3;
    const start = hasY2 ? 1 : 0;
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) this.#block(tokens, kind, start, from + x, y);
    }
    for (const plane of [4, 6]) {
      for (let y = 0; y < 2; y++) {
        for (let x = 0; x < 2; x++) this.#block(tokens, 2, 0, from + plane + x, plane + y);
      }
    }
  }

  #block(tokens: BoolDecoder, kind: number, start: number, above: number, left: number): void {
    const near = (this.#above[above] ?? 0) + (this.#left[left] ?? 0);
    const some = readBlock(tokens, this.#header.coefficients, PER_KIND * kind, start, near) ? 1 : 0;
    this.#above[above] = some;
    this.#left[left] = some;
  }
}

/** 11.2, the tree of key frames. */
function blockMode(first: BoolDecoder): number {
  if (first.bool(145) === 0) return EACH;
  if (first.bool(156) === 0) return first.bool(163) === 0 ? DC : VERTICAL;
  return first.bool(128) === 0 ? HORIZONTAL : TM;
}

/** 11.2, the tree of the ten modes; `at`: where their probabilities begin. */
function subblockMode(first: BoolDecoder, at: number): number {
  const bool = (place: number): boolean => first.bool(SUBBLOCK_MODES[at + place] ?? 0) === 1;
  if (!bool(0)) return DC;
  if (!bool(1)) return TM;
  if (!bool(2)) return VERTICAL;
  if (!bool(3)) {
    if (!bool(4)) return HORIZONTAL;
    return bool(5) ? 6 : 5;
  }
  if (!bool(6)) return 4;
  if (!bool(7)) return 7;
  return bool(8) ? 9 : 8;
}

/** 13.2: the tokens of one block of 4 x 4; whether there were any but the end. */
function readBlock(
  tokens: BoolDecoder,
  probabilities: Uint8Array,
  kind: number,
  start: number,
  near: number,
): boolean {
  let at = kind + PER_BAND * (BANDS[start] ?? 0) + 11 * near;
  if (tokens.bool(probabilities[at] ?? 0) === 0) return false;
  for (let place = start; ;) {
    const band = (): number => kind + PER_BAND * (BANDS[place] ?? 0);
    if (tokens.bool(probabilities[at + 1] ?? 0) === 0) {
      if (++place === 16) return true;
      at = band();
      continue;
    }
    const next = tokens.bool(probabilities[at + 2] ?? 0) === 0 ? 1 : 2;
    if (next === 2) largeValue(tokens, probabilities, at);
    tokens.bool(128);
    if (++place === 16) return true;
    at = band() + 11 * next;
    if (tokens.bool(probabilities[at] ?? 0) === 0) return true;
  }
}

/** A value of two and more. */
function largeValue(tokens: BoolDecoder, probabilities: Uint8Array, at: number): void {
  if (tokens.bool(probabilities[at + 3] ?? 0) === 0) {
    if (tokens.bool(probabilities[at + 4] ?? 0) === 1) tokens.bool(probabilities[at + 5] ?? 0);
  } else if (tokens.bool(probabilities[at + 6] ?? 0) === 0) {
    if (tokens.bool(probabilities[at + 7] ?? 0) === 0) tokens.bool(159);
    else {
      tokens.bool(165);
      tokens.bool(145);
    }
  } else {
    const high = tokens.bool(probabilities[at + 8] ?? 0);
    const low = tokens.bool(probabilities[at + 9 + high] ?? 0);
    for (const probability of EXTRA_BITS[2 * high + low] ?? []) tokens.bool(probability);
  }
}
