import { gifLength } from './lzw.ts';
import type { Shape } from './walk.ts';

/** GIF89a (CompuServe 1990), sections 15 and 18 to 27. */
const HEADER_BYTES = 13;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const TRAILER = 0x3b;
/** In points, of one picture. Of larger ones nothing is said. */
const MOST_POINTS = 64 * 1024 * 1024;

/** Whether every picture of a GIF file decodes to as many points as it has. What follows the end is an artifact of its own. */
export function gif(bytes: Buffer): Shape | null {
  if (bytes.length < HEADER_BYTES) return 'broken';
  let at = HEADER_BYTES + tableBytes(bytes[10] ?? 0);
  while (at < bytes.length) {
    const kind = bytes[at++];
    if (kind === TRAILER) return 'holds';
    // Some writers leave a zero between blocks.
    if (kind === 0) continue;
    if (kind !== IMAGE && kind !== EXTENSION) return 'broken';
    if (kind === EXTENSION) {
      at = afterBlocks(bytes, at + 1);
      continue;
    }
    if (at + 10 > bytes.length) return 'cut';
    const points = bytes.readUInt16LE(at + 4) * bytes.readUInt16LE(at + 6);
    const data = at + 9 + tableBytes(bytes[at + 8] ?? 0);
    const end = afterBlocks(bytes, data + 1);
    if (points > MOST_POINTS) return null;
    const length = gifLength(joined(bytes, data + 1, end), bytes[data] ?? 0, points);
    if (length < 0) return 'broken';
    if (end > bytes.length) return 'cut';
    if (length < points) return 'broken';
    at = end;
  }
  return 'cut';
}

/** Of the table of colours that the flags announce. */
function tableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

/** Behind the blocks of at most 255 bytes, of which an empty one is the last; beyond the end when there is none. */
function afterBlocks(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
  return at + 1;
}

function joined(bytes: Buffer, from: number, end: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = from; at < Math.min(end - 1, bytes.length); at += 1 + (bytes[at] ?? 0)) {
    parts.push(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)));
  }
  return Buffer.concat(parts);
}
