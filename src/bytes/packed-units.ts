import { constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Packing } from './extent-map.ts';

/** Decoded extents kept for the next read, in bytes. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** Decoded extents of one map, the last few of them kept. What cannot be decoded is zeros, and is counted. */
export class PackedUnits {
  readonly #packing: Packing | null;
  readonly #kept = new Map<number, Buffer>();
  #keptBytes = 0;
  readonly #bad = new Set<number>();
  /** Extents that could not be decoded, and the bytes that they should have become. */
  damaged = 0;
  damagedBytes = 0;

  constructor(packing: Packing | null) {
    this.#packing = packing;
  }

  /** Decoded before, and still here. */
  kept(index: number): Buffer | null {
    return this.#kept.get(index) ?? null;
  }

  /** Decodes extent `index`, which becomes `most` bytes, or at least `least` where the mapped bytes end in it. */
  decode(index: number, stored: Uint8Array, most: number, least: number): Buffer {
    let unit = this.#packing === null ? null : unpackedUnit(this.#packing, stored, most);
    if (unit === null || unit.length < least) {
      unit = Buffer.alloc(most);
      if (!this.#bad.has(index)) {
        // Beyond the first hundred thousand one may be counted twice: memory counts more.
        if (this.#bad.size < 100_000) this.#bad.add(index);
        this.damaged++;
        this.damagedBytes += least;
      }
    }
    this.#kept.set(index, unit);
    this.#keptBytes += unit.length;
    for (const [oldest, old] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES || oldest === index) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= old.length;
    }
    return unit;
  }
}

/** What one unit becomes, at most `length` bytes; null when it cannot be decoded. What follows its end is left out. */
export function unpackedUnit(packing: Packing, stored: Uint8Array, length: number): Buffer | null {
  // What is stored may go on after the end of the packed bytes: only the length of what comes out is exact.
  const options = { maxOutputLength: length, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    let unit;
    if (packing === 'deflate') unit = inflateRawSync(stored, options);
    else if (packing === 'zlib') unit = inflateSync(stored, options);
    else unit = zstdDecompressSync(stored.subarray(0, zstdFrameBytes(stored)), { maxOutputLength: length });
    return unit;
  } catch {
    // Whatever is wrong with it: it is counted.
    return null;
  }
}

const FRAME_MAGIC = 0xfd2f_b528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const RAW_RUN = 1;

/** How long the one frame is (RFC 8878, 3.1.1): the decoder takes what follows it for another one. */
function zstdFrameBytes(stored: Uint8Array): number {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  if (bytes.length < 5 || bytes.readUInt32LE(0) !== FRAME_MAGIC) return bytes.length;
  const descriptor = bytes.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const contentSize = single && descriptor >> 6 === 0 ? 1 : (CONTENT_SIZE_BYTES[descriptor >> 6] ?? 0);
  let at = 5 + (single ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + contentSize;
  while (at + 3 <= bytes.length) {
    const header = bytes.readUIntLE(at, 3);
    at += 3 + (((header >> 1) & 3) === RAW_RUN ? 1 : header >> 3);
    if ((header & 1) !== 0) return Math.min(bytes.length, at + ((descriptor & 4) !== 0 ? 4 : 0));
  }
  return bytes.length;
}
