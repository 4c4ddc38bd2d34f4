import type { Walk } from './walk.ts';

/** Frames may be lost at a damaged place; of a file that holds together all are there. */
const MOST_MISSING = 0.002;
/** Noise that looks like a frame's beginning hides a true one that follows within 16 bytes. */
const FEW_MISSING = 2;
/** Longest frame header: sync, coded number, block size, rate and CRC-8 (RFC 9639, 9.1). */
const HEADER_BYTES = 16;

/** Frames numbered from 0 on (RFC 9639): a part that is encrypted leaves its numbers out. */
export function* flac(): Walk {
  const magic = yield { take: 4 };
  if (magic.ended) return 'broken';
  for (let last = false; !last;) {
    const head = yield { take: 4 };
    if (head.ended) return 'broken';
    const kind = (head.bytes[0] ?? 0) & 0x7f;
    if (kind > 6) return 'broken';
    last = ((head.bytes[0] ?? 0) & 0x80) !== 0;
    yield { pass: head.bytes.readUIntBE(1, 3) };
  }
  const frames = new Frames();
  for (;;) {
    const { ended } = yield { find: (piece) => frames.seek(piece) };
    if (ended) return frames.verdict();
    const { bytes, ended: over } = yield { take: HEADER_BYTES };
    if (over) return frames.verdict();
    frames.look(bytes);
  }
}

class Frames {
  #next = 0;
  #found = 0;
  #fixed = true;

  /** Where a frame may begin. */
  seek(piece: Buffer): number {
    for (let at = piece.indexOf(0xff); at >= 0; at = piece.indexOf(0xff, at + 1)) {
      const next = piece[at + 1];
      if (next === undefined || (next & 0xfe) === 0xf8) return at;
    }
    return -1;
  }

  /** Counts a frame if it is one, and its number is not far from the one that is due. */
  look(bytes: Buffer): void {
    if (((bytes[1] ?? 0) & 0xfe) !== 0xf8) return;
    const header = headerOf(bytes);
    if (header === null || header.number < this.#next) return;
    this.#fixed &&= header.fixed;
    // Noise makes a frame of any number once in many MiB.
    if (header.number - this.#next > 100_000) return;
    this.#found++;
    this.#next = header.number + 1;
  }

  verdict(): 'holds' | 'broken' {
    // Frames of different lengths are numbered by samples: nobody can say how many are missing.
    if (!this.#fixed) return 'holds';
    const missing = this.#next - this.#found;
    return this.#found > 0 && missing <= Math.max(FEW_MISSING, this.#next * MOST_MISSING)
      ? 'holds'
      : 'broken';
  }
}

function headerOf(bytes: Buffer): { number: number; fixed: boolean } | null {
  const fixed = ((bytes[1] ?? 0) & 1) === 0;
  const sizes = bytes[2] ?? 0;
  const first = bytes[4] ?? 0;
  // The number is coded like UTF-8, in up to seven bytes.
  const ones = Math.clz32(~(first << 24));
  if (ones === 1 || ones > 7) return null;
  let number = ones === 0 ? first : first & (0x7f >> ones);
  const more = Math.max(0, ones - 1);
  for (let i = 1; i <= more; i++) {
    const byte = bytes[4 + i] ?? 0;
    if ((byte & 0xc0) !== 0x80) return null;
    number = number * 64 + (byte & 0x3f);
  }
  let end = 5 + more;
  if (sizes >> 4 === 6) end += 1;
  else if (sizes >> 4 === 7) end += 2;
  if ((sizes & 15) === 12) end += 1;
  else if ((sizes & 15) === 13 || (sizes & 15) === 14) end += 2;
  return end < bytes.length && crc8(bytes.subarray(0, end)) === bytes[end] ? { number, fixed } : null;
}

/** Polynomial x^8 + x^2 + x + 1 (RFC 9639, 9.1.8). */
function crc8(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 0xff : crc << 1;
  }
  return crc;
}
