import { crc32 } from 'node:zlib';
import type { ByteReader } from '../byte-reader.ts';
import { Damaged } from '../trouble.ts';

const HEADER_BYTES = 16;
const COMPRESSED = 'LZFu';
const STORED = 'MELA';
const WINDOW_BYTES = 4096;
const OUTPUT_BYTES = 16 * 1024;
/** What the window holds before the first byte ([MS-OXRTFCP] 2.1.2.1). */
const BEGINNING = Buffer.from(
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript ' +
    '\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par ' +
    '\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx',
  'latin1',
);

/**
 * Decompresses the RTF body of a message ([MS-OXRTFCP]) in constant memory. Throws Damaged, after what came out,
 * where it is cut off or its check sum does not match.
 */
export async function* decompressRtf(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const header = await reader.exactly(HEADER_BYTES);
  if (header.length < HEADER_BYTES) throw new Damaged('cut off in the header of compressed RTF');
  const kind = header.toString('latin1', 8, 12);
  const rawSize = header.readUInt32LE(4);
  if (kind === STORED) {
    let size = 0;
    for await (const part of reader.rest()) {
      size += part.length;
      yield part;
    }
    if (size < rawSize) throw new Damaged(`the RTF body has ${size} bytes of ${rawSize}`);
    return;
  }
  if (kind !== COMPRESSED) throw new Damaged('neither compressed nor stored RTF');
  yield* unfold(reader, header.readUInt32LE(12));
}

async function* unfold(reader: ByteReader, wanted: number): AsyncGenerator<Buffer, void, undefined> {
  const window = Buffer.alloc(WINDOW_BYTES);
  let at = BEGINNING.copy(window);
  const run = new CheckedInput(reader);
  let out = Buffer.allocUnsafe(OUTPUT_BYTES);
  let filled = 0;
  const put = (byte: number): void => {
    out[filled++] = byte;
    window[at] = byte;
    at = (at + 1) % WINDOW_BYTES;
  };
  let ended = false;
  while (!ended) {
    const flags = await run.byte();
    if (flags === null) break;
    for (let bit = 0; bit < 8 && !ended; bit++) {
      const first = await run.byte();
      if (first === null) break;
      if ((flags & (1 << bit)) === 0) put(first);
      else {
        const token = first * 256 + ((await run.byte()) ?? 0);
        const from = token >> 4;
        // A reference to where the next byte goes ends the data.
        if (from === at) ended = true;
        else for (let i = 0; i < (token & 15) + 2; i++) put(window[(from + i) % WINDOW_BYTES] ?? 0);
      }
    }
    if (filled > OUTPUT_BYTES - 8 * 17) {
      yield out.subarray(0, filled);
      out = Buffer.allocUnsafe(OUTPUT_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield out.subarray(0, filled);
  if (!ended) throw new Damaged('the compressed RTF body is cut off');
  if (run.sum() !== wanted) throw new Damaged('the check sum of the compressed RTF body does not match');
}

/** Reads byte by byte and keeps the check sum: a CRC-32 that is inverted neither before nor after. */
class CheckedInput {
  readonly #reader: ByteReader;
  #part: Buffer = Buffer.alloc(0);
  #at = 0;
  #crc = 0xffffffff;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  async byte(): Promise<number | null> {
    if (this.#at === this.#part.length) {
      this.#crc = crc32(this.#part, this.#crc);
      this.#part = Buffer.alloc(0);
      this.#at = 0;
      const part = await this.#reader.next();
      if (part === null) return null;
      this.#part = part;
    }
    return this.#part[this.#at++] ?? null;
  }

  /** Of the bytes that were taken. */
  sum(): number {
    return ~crc32(this.#part.subarray(0, this.#at), this.#crc) >>> 0;
  }
}
