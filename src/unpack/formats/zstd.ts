import { constants, createZstdDecompress } from 'node:zlib';
import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { HiddenPieces } from '../hidden-pieces.ts';
import { innerName } from '../inner-name.ts';
import { Damaged, OverBudget, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { isZlibError, pump, type PumpInput, wordsFor } from '../zlib-pump.ts';
import { FRAME_HEAD_BYTES, frameHeader, ZSTD_MAGIC, type FrameHeader } from '../zstd-frame.ts';

/** 0x184D2A50 to 0x184D2A5F: frames that a decoder passes over. */
const SKIPPABLE = 0x184d2a50;
/** Skippable frames of up to this size are frame sizes (pzstd) or a few figures; larger ones are looked at. */
const PLAIN_SKIPPABLE_BYTES = 16;
/** The decoder keeps the window in memory: 128 MiB, what zstd itself allows without being asked. */
const MAX_WINDOW_LOG = 27;
const MAX_WINDOW_BYTES = 2 ** MAX_WINDOW_LOG;

export const unpacker: Unpacker = {
  doc: {
    name: 'Zstandard',
    description: 'A compressed stream of frames with check sums.',
    recognised: '`\\x28\\xB5\\x2F\\xFD` at 0, or after skippable frames',
    references: ['RFC 8878: https://www.rfc-editor.org/rfc/rfc8878'],
    limits: [
      'Windows over 128 MiB (--long=28 and more) are a gap; over 2 GiB, which nobody writes, they are damage.',
    ],
    limitations: ['External dictionaries are a gap.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const hidden = new HiddenPieces();
    const content = decodeFrames(reader, hidden, context.signal);
    const between = (): Promise<void> => hidden.handOn(sink);
    await wholeStream({ name: innerName(container.name), content, reader, between }, sink, context);
  },
};

async function* decodeFrames(
  reader: ByteReader,
  hidden: HiddenPieces,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let seen = false;
  for (;;) {
    // Millions of empty ones give no chunk on which time is looked at.
    signal.throwIfAborted();
    const head = await reader.peek(FRAME_HEAD_BYTES);
    const magic = head.length >= 4 ? head.readUInt32LE(0) : null;
    if (magic !== null && (magic & ~0xf) >>> 0 === SKIPPABLE) {
      const size = head.length >= 8 ? head.readUInt32LE(4) : 0;
      await reader.skip(8);
      const whole = await hidden.take(reader, size, '(skippable frame)', PLAIN_SKIPPABLE_BYTES);
      if (head.length < 8 || !whole) throw new Damaged('cut off in a skippable frame');
    } else if (magic === ZSTD_MAGIC) yield* decodeFrame(reader, head);
    else if (seen) return;
    else throw new Damaged('no Zstandard frame');
    seen = true;
  }
}

async function* decodeFrame(reader: ByteReader, head: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const header = frameHeader(head);
  if (header === null) throw new Damaged('a frame header that cannot be, or is cut off');
  if (header.window > MAX_WINDOW_BYTES) {
    throw new OverBudget(`needs a window of ${header.window} bytes; at most ${MAX_WINDOW_BYTES} are given`);
  }
  if (header.dictionary) throw new Unsupported('needs a dictionary that is not in the file');
  const frame = new Frame(reader, header);
  const decoder = createZstdDecompress({
    chunkSize: 128 * 1024,
    params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  });
  let size = 0;
  try {
    for await (const chunk of pump(decoder, frame)) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error) ? new Damaged(wordsFor(error, size)) : error;
  }
  if (!frame.complete) throw new Damaged(`cut off after ${size} bytes of content`);
}

/** Exactly one frame of the stream, found by walking its block headers; what follows stays in the reader. */
class Frame implements PumpInput {
  readonly #reader: ByteReader;
  readonly #checksum: boolean;
  /** Bytes until the next block header, or the end. */
  #pass: number;
  #blockHeader: number[] = [];
  #last = false;
  complete = false;

  constructor(reader: ByteReader, header: FrameHeader) {
    this.#reader = reader;
    this.#pass = header.bytes;
    this.#checksum = header.checksum;
  }

  async next(): Promise<Buffer | null> {
    if (this.complete) return null;
    const chunk = await this.#reader.next();
    if (chunk === null) return null;
    const used = this.#walk(chunk);
    this.#reader.giveBack(chunk.length - used);
    return chunk.subarray(0, used);
  }

  /** The decoder wants all of a frame; if it stops before, the frame is damaged and nobody reads on. */
  giveBack(): void {}

  #walk(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      const pass = Math.min(this.#pass, chunk.length - at);
      this.#pass -= pass;
      at += pass;
      if (this.#pass > 0) break;
      if (this.#last) {
        this.complete = true;
        break;
      }
      if (at === chunk.length) break;
      this.#blockHeader.push(chunk.readUInt8(at++));
      if (this.#blockHeader.length === 3) this.#block();
    }
    if (this.#last && this.#pass === 0) this.complete = true;
    return at;
  }

  #block(): void {
    const [low = 0, middle = 0, high = 0] = this.#blockHeader;
    this.#blockHeader = [];
    const word = low | (middle << 8) | (high << 16);
    const repeated = ((word >> 1) & 3) === 1;
    this.#pass = repeated ? 1 : word >> 3;
    if ((word & 1) === 0) return;
    this.#last = true;
    if (this.#checksum) this.#pass += 4;
  }
}
