import type { ByteReader } from '../byte-reader.ts';
import { CHUNK_BYTES, decodeChunk, decompressVba, isChunkHeader } from './vba.ts';

/** Header byte, chunk header, flags and what a first chunk may take up. */
const WINDOW_BYTES = 3 + CHUNK_BYTES;
/** Shorter texts than this are taken for chance. */
const MIN_TEXT = 16;
/** Trial decoding costs at most this many bytes for each byte of a stream, and this many besides. */
const EFFORT_PER_BYTE = 16;
const EFFORT_BASE = 1024 * 1024;

export interface FoundSource {
  /** Where it begins in the stream, in bytes. */
  readonly offset: number;
  /** To be read to its end before the search goes on. */
  readonly content: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * Finds compressed sources whose place nothing tells: containers whose first chunk decodes as text. Returns whether
 * the whole stream was searched; a stream made to look like nothing but beginnings is given up.
 */
export async function* searchVba(
  reader: ByteReader,
  size: number,
): AsyncGenerator<FoundSource, boolean, undefined> {
  const trial = Buffer.alloc(CHUNK_BYTES);
  let effort = EFFORT_BASE + EFFORT_PER_BYTE * size;
  for (;;) {
    const part = await reader.next();
    if (part === null) return true;
    const at = part.indexOf(1);
    if (at < 0) continue;
    reader.giveBack(part.length - at);
    const window = await reader.peek(WINDOW_BYTES);
    const found = beginsText(window, trial);
    effort -= found.cost;
    if (effort < 0) return false;
    if (!found.text) {
      await reader.skip(1);
      continue;
    }
    yield { offset: reader.position, content: decompressVba(reader) };
  }
}

function beginsText(window: Buffer, trial: Buffer): { readonly text: boolean; readonly cost: number } {
  if (window.length < 5) return { text: false, cost: 1 };
  const header = window.readUInt16LE(1);
  // The first token cannot be a copy: there is nothing to copy yet.
  const possible = isChunkHeader(header) && header >= 0x8000 && ((window[3] ?? 0) & 1) === 0;
  if (!possible || !isTextByte(window[4] ?? 0)) return { text: false, cost: 1 };
  const body = window.subarray(3, 3 + (header & 0xfff) + 1);
  const { size, trouble } = decodeChunk(body, true, trial);
  const text = trouble === null && size >= MIN_TEXT && trial.subarray(0, size).every(isTextByte);
  return { text, cost: size + 1 };
}

function isTextByte(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte === 9 || byte === 10 || byte === 13 || byte === 12;
}
