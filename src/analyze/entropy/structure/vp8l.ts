import { Bits } from './bits-lsb.ts';
import { PrefixCode } from './prefix-code.ts';
import type { Shape } from './walk.ts';

/*
 * WebP Lossless Bitstream Specification (RFC 9649, 3). All prefix codes and all points are decoded, and no transform is
 * undone. Noise is soon no code, or points to what was never there; what was encoded ends with its last byte.
 */

/** In points; 64 MB of them. Of larger pictures nothing is said. */
const MOST_POINTS = 16 * 1024 * 1024;
/** In bytes, after the last point: padding to a byte, and RIFF's to an even length. */
const MOST_LEFT = 2;
/** 3.5.2.2: more nested images than these do not occur. */
const MOST_GROUPS = 65_536;

const LITERALS = 256;
const LENGTHS = 24;
const DISTANCES = 40;
/** 3.7.2.1.2: the order in which the lengths of the code of code lengths are written. */
const LENGTHS_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** 3.6.2.2.2: the nearest 120 points as rows up (in 16ths) and 8 less columns to the left. */
const NEAREST = Buffer.from(
  'GAcXGSgGJykWGiYqOAU3ORUbNjolK0gER0kUHDU7RkokLFhFSzQ8A1dZEx1WWiMtRExVWzM9aAJnaRIeZmoiLlRcQ01lazI+eAF3eVNdER9kbEJOdnohL3V7MT9jbVJeAHR8QU8QIGJuMHN9UV9Acn5hb1Bxf2Bw',
  'base64',
);

class NoPicture extends Error {}

/** `bytes`: a chunk `VP8L`. null: the picture is too large to be looked at. */
export function vp8l(bytes: Uint8Array): Shape | null {
  const bits = new Bits(bytes);
  if (bits.take(8) !== 0x2f) return 'broken';
  const width = bits.take(14) + 1;
  const height = bits.take(14) + 1;
  bits.take(1);
  if (bits.take(3) !== 0) return 'broken';
  return lossless(bits, bytes.length, width, height);
}

/** The same without the chunk's header: as it stands in a chunk `ALPH` (RFC 9649, 2.7.1.2). */
export function lossless(bits: Bits, length: number, width: number, height: number): Shape | null {
  if (width * height > MOST_POINTS) return null;
  try {
    picture(bits, width, height);
  } catch (error) {
    if (error instanceof NoPicture) return 'broken';
    throw error;
  }
  const left = length - Math.ceil(bits.position / 8);
  return left >= 0 && left <= MOST_LEFT ? 'holds' : 'broken';
}

/** 3.4: transforms, each at most once, then the picture itself. */
function picture(bits: Bits, fullWidth: number, height: number): void {
  let width = fullWidth;
  for (const seen = new Set<number>(); bits.take(1) === 1;) {
    const transform = bits.take(2);
    if (seen.has(transform)) throw new NoPicture();
    seen.add(transform);
    if (transform === 3) {
      const colors = bits.take(8) + 1;
      image(bits, colors, 1, false);
      width = Math.ceil(width / (colors <= 2 ? 8 : colors <= 4 ? 4 : colors <= 16 ? 2 : 1));
    } else if (transform !== 2) {
      const block = 1 << (bits.take(3) + 2);
      image(bits, Math.ceil(width / block), Math.ceil(height / block), false);
    }
  }
  image(bits, width, height, true);
}

/** 3.6: five codes for what makes up a point. */
interface Group {
  readonly green: PrefixCode;
  readonly red: PrefixCode;
  readonly blue: PrefixCode;
  readonly alpha: PrefixCode;
  readonly distance: PrefixCode;
}

/** 3.7.3: its points as ARGB. */
function image(bits: Bits, width: number, height: number, isMain: boolean): Uint32Array {
  const cacheBits = bits.take(1) === 1 ? bits.take(4) : 0;
  if (cacheBits > 11) throw new NoPicture();
  const cacheSize = cacheBits === 0 ? 0 : 1 << cacheBits;
  let which: Uint32Array | null = null;
  let blockBits = 0;
  let groupCount = 1;
  if (isMain && bits.take(1) === 1) {
    blockBits = bits.take(3) + 2;
    which = image(bits, Math.ceil(width / (1 << blockBits)), Math.ceil(height / (1 << blockBits)), false);
    for (const argb of which) groupCount = Math.max(groupCount, ((argb >>> 8) & 0xffff) + 1);
    if (groupCount > Math.min(MOST_GROUPS, 4 * which.length + 256)) throw new NoPicture();
  }
  const groups = Array.from({ length: groupCount }, () => groupOf(bits, cacheSize));
  return points(bits, { width, height, cacheBits, groups, which, blockBits });
}

function groupOf(bits: Bits, cacheSize: number): Group {
  return {
    green: codeOf(bits, LITERALS + LENGTHS + cacheSize),
    red: codeOf(bits, LITERALS),
    blue: codeOf(bits, LITERALS),
    alpha: codeOf(bits, LITERALS),
    distance: codeOf(bits, DISTANCES),
  };
}

/** 3.7.2.1: one or two symbols, or lengths that are coded themselves. */
function codeOf(bits: Bits, symbols: number): PrefixCode {
  if (bits.isBeyond) throw new NoPicture();
  if (bits.take(1) === 1) {
    const isPair = bits.take(1) === 1;
    const first = bits.take(bits.take(1) === 1 ? 8 : 1);
    const lengths = new Uint8Array(Math.max(symbols, LITERALS));
    lengths[first] = 1;
    if (isPair) lengths[bits.take(8)] = 1;
    return known(PrefixCode.of(lengths));
  }
  const ofLengths = new Uint8Array(LENGTHS_ORDER.length);
  const written = bits.take(4) + 4;
  for (let at = 0; at < written; at++) ofLengths[LENGTHS_ORDER[at] ?? 0] = bits.take(3);
  return known(PrefixCode.of(codeLengths(bits, known(PrefixCode.of(ofLengths)), symbols)));
}

function known(code: PrefixCode | null): PrefixCode {
  if (code === null) throw new NoPicture();
  return code;
}

/** 3.7.2.1.2. */
function codeLengths(bits: Bits, code: PrefixCode, symbols: number): Uint8Array {
  const lengths = new Uint8Array(symbols);
  let left = bits.take(1) === 1 ? 2 + bits.take(2 + 2 * bits.take(3)) : symbols;
  if (left > symbols) throw new NoPicture();
  let before = 8;
  for (let symbol = 0; symbol < symbols && left > 0; left--) {
    const length = code.read(bits);
    if (length < 16) {
      lengths[symbol++] = length;
      if (length !== 0) before = length;
      continue;
    }
    const times = length === 16 ? 3 + bits.take(2) : length === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (symbol + times > symbols) throw new NoPicture();
    lengths.fill(length === 16 ? before : 0, symbol, symbol + times);
    symbol += times;
  }
  return lengths;
}

interface Plan {
  readonly width: number;
  readonly height: number;
  readonly cacheBits: number;
  readonly groups: readonly Group[];
  /** Of each block of points, its group in the middle 16 bits; null: there is one group. */
  readonly which: Uint32Array | null;
  readonly blockBits: number;
}

function points(bits: Bits, plan: Plan): Uint32Array {
  const { width, height, cacheBits, groups, which, blockBits } = plan;
  const all = new Uint32Array(width * height);
  const cache = new Uint32Array(cacheBits === 0 ? 0 : 1 << cacheBits);
  const blocksAcross = Math.ceil(width / (1 << blockBits));
  let at = 0;
  const put = (argb: number): void => {
    all[at++] = argb;
    if (cacheBits > 0) cache[Math.imul(0x1e35a7bd, argb) >>> (32 - cacheBits)] = argb;
  };
  while (at < all.length) {
    if (bits.isBeyond) throw new NoPicture();
    const y = Math.floor(at / width);
    const block = which === null ? 0 : (y >> blockBits) * blocksAcross + ((at - y * width) >> blockBits);
    const group = groups[which === null ? 0 : ((which[block] ?? 0) >>> 8) & 0xffff];
    if (group === undefined) throw new NoPicture();
    const green = group.green.read(bits);
    if (green < LITERALS) {
      const red = group.red.read(bits);
      const blue = group.blue.read(bits);
      put(((group.alpha.read(bits) << 24) | (red << 16) | (green << 8) | blue) >>> 0);
    } else if (green < LITERALS + LENGTHS) {
      const length = prefixed(bits, green - LITERALS);
      const back = backOf(prefixed(bits, group.distance.read(bits)), width);
      if (back > at || at + length > all.length) throw new NoPicture();
      for (let copied = 0; copied < length; copied++) put(all[at - back] ?? 0);
    } else put(cache[green - LITERALS - LENGTHS] ?? 0);
  }
  return all;
}

/** 3.6.2.2: a number behind its prefix. */
function prefixed(bits: Bits, prefix: number): number {
  if (prefix < 4) return prefix + 1;
  const extra = (prefix - 2) >> 1;
  return ((2 + (prefix & 1)) << extra) + bits.take(extra) + 1;
}

/** 3.6.2.2.2: small distances mean neighbours on the plane. */
function backOf(distance: number, width: number): number {
  if (distance > NEAREST.length) return distance - NEAREST.length;
  const near = NEAREST[distance - 1] ?? 0;
  return Math.max(1, (near >> 4) * width + 8 - (near & 15));
}
