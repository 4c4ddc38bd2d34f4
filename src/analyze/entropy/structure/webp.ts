import { Bits } from './bits-lsb.ts';
import { lossless, vp8l } from './vp8l.ts';
import { vp8 } from './vp8.ts';
import type { Shape } from './walk.ts';

/** In bytes: what stands before the chunks, and before a chunk's content (RFC 9649, 2.3 and 2.4). */
const FILE_HEADER = 12;
const CHUNK_HEADER = 8;
/** Of one picture of several: place, size, duration, flags (2.7.1.1). */
const FRAME_HEADER = 16;

/**
 * Whether every picture of a WebP file (RFC 9649) decodes, that of its transparency too. null: nobody can say. What describes
 * the picture (Exif, XMP, colour profile) is passed over.
 */
export function webp(bytes: Buffer): Shape | null {
  const end = Math.min(bytes.length, CHUNK_HEADER + bytes.readUInt32LE(4));
  if (end < CHUNK_HEADER + bytes.readUInt32LE(4)) return 'cut';
  return worst(chunks(bytes.subarray(FILE_HEADER, end), { width: 0, height: 0 }));
}

interface Canvas {
  readonly width: number;
  readonly height: number;
}

function* chunks(bytes: Buffer, outer: Canvas): Generator<Shape | null> {
  let canvas = outer;
  let pictures = 0;
  for (let at = 0; at + CHUNK_HEADER <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    const content = bytes.subarray(at + CHUNK_HEADER, at + CHUNK_HEADER + length);
    if (!/^[\x20-\x7e]{4}$/.test(name) || content.length < length) yield 'broken';
    if (content.length < length) return;
    if (name === 'VP8X' && length >= 10) canvas = canvasOf(content, 4);
    else if (name === 'VP8 ') yield vp8(content);
    else if (name === 'VP8L') yield vp8l(content);
    else if (name === 'ALPH') yield transparency(content, canvas);
    else if (name === 'ANMF' && length > FRAME_HEADER)
      yield* chunks(content.subarray(FRAME_HEADER), canvasOf(content, 6));
    if (/^(?:VP8 |VP8L|ANMF)$/.test(name)) pictures++;
    at += CHUNK_HEADER + length + (length & 1);
  }
  if (pictures === 0) yield 'broken';
}

/** Width and height less one, of three bytes each. */
function canvasOf(content: Buffer, at: number): Canvas {
  return { width: content.readUIntLE(at, 3) + 1, height: content.readUIntLE(at + 3, 3) + 1 };
}

/** 2.7.1.2: as it is, or like a lossless picture without its header. */
function transparency(content: Buffer, { width, height }: Canvas): Shape | null {
  const method = (content[0] ?? 0) & 3;
  if (method > 1 || width === 0) return 'broken';
  if (method === 0) return content.length - 1 === width * height ? 'holds' : 'broken';
  const packed = content.subarray(1);
  return lossless(new Bits(packed), packed.length, width, height);
}

function worst(shapes: Iterable<Shape | null>): Shape | null {
  let result: Shape | null = 'holds';
  for (const shape of shapes) {
    if (shape === 'broken' || shape === 'cut') return shape;
    if (shape === null) result = null;
  }
  return result;
}
