import { brotliDecompressSync, inflateSync } from 'node:zlib';
import type { Shape } from './walk.ts';

/** In bytes: fonts of the largest scripts are smaller; more is a bomb. */
const MOST_OUT = 16 * 1024 * 1024;

/** WOFF 1.0, 5: tables in zlib streams. */
export function woff(bytes: Buffer): Shape {
  try {
    return tablesInflate(bytes);
  } catch {
    // No zlib stream, or no directory: then it is none.
    return 'broken';
  }
}

/** WOFF2, 4 and 5: one Brotli stream behind the directory. */
export function woff2(bytes: Buffer): Shape {
  try {
    return streamDecodes(bytes);
  } catch {
    // No Brotli stream, or no directory: then it is none.
    return 'broken';
  }
}

function tablesInflate(bytes: Buffer): Shape {
  const tables = bytes.readUInt16BE(12);
  for (let at = 44; at < 44 + 20 * tables; at += 20) {
    const offset = bytes.readUInt32BE(at + 4);
    const packed = bytes.readUInt32BE(at + 8);
    const plain = bytes.readUInt32BE(at + 12);
    if (offset + packed > bytes.length) return 'cut';
    if (packed >= plain) continue;
    const out = inflateSync(bytes.subarray(offset, offset + packed), {
      maxOutputLength: Math.min(MOST_OUT, plain + 1),
    });
    if (out.length !== plain) return 'broken';
  }
  return 'holds';
}

/** Known tags have one byte (4.1, table of known tags); 63 stands before a tag of four. */
const ANY_TAG = 63;

function streamDecodes(bytes: Buffer): Shape {
  const tables = bytes.readUInt16BE(12);
  const packed = bytes.readUInt32BE(20);
  const collection = bytes.toString('latin1', 4, 8) === 'ttcf';
  // Collections have a second directory: they are rare, and not followed.
  if (collection) return 'holds';
  let at = 48;
  const base128 = (): void => {
    while (((bytes[at++] ?? 0) & 0x80) !== 0 && at < bytes.length);
  };
  for (let table = 0; table < tables; table++) {
    const flags = bytes.readUInt8(at++);
    const tag = flags & 63;
    const known = tag === ANY_TAG ? bytes.toString('latin1', at, at + 4) : tag;
    if (tag === ANY_TAG) at += 4;
    base128();
    const version = flags >> 6;
    // glyf and loca are transformed by default, the others when they say so.
    const transformed =
      known === 10 || known === 11 || known === 'glyf' || known === 'loca' ? version !== 3 : version !== 0;
    if (transformed) base128();
  }
  if (at + packed > bytes.length) return 'cut';
  brotliDecompressSync(bytes.subarray(at, at + packed), { maxOutputLength: MOST_OUT });
  return 'holds';
}
