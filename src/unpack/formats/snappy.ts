import { ByteReader } from '../byte-reader.ts';
import { crc32c } from '../crc32c.ts';
import type { Unpacker } from '../format.ts';
import { HiddenPieces } from '../hidden-pieces.ts';
import { innerName } from '../inner-name.ts';
import { decodeSnappy } from '../snappy-block.ts';
import { Damaged, Unsupported } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';

const CHUNK = { compressed: 0, plain: 1, firstSkippable: 0x80, stream: 0xff } as const;
const IDENTIFIER = Buffer.from('\xff\x06\0\0sNaPpY', 'latin1');
/** Of one chunk, decoded (framing_format.txt, 4.2) and stored. */
const MOST_DECODED = 65_536;
const MOST_STORED = 80_000;
const SUM_BYTES = 4;
const PLAIN_SKIPPABLE_BYTES = 16;

export const unpacker: Unpacker = {
  doc: {
    name: 'Snappy (framed)',
    description: 'A compressed stream of chunks with check sums.',
    recognised: 'the chunk `sNaPpY` at 0.',
    limits: ['4 MiB of skippable chunks'],
    references: ['Snappy framing format: https://github.com/google/snappy/blob/main/framing_format.txt'],
    limitations: ['Blocks without the framing are not recognised.'],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const hidden = new HiddenPieces();
    const content = decodeChunks(reader, hidden, context.signal);
    const between = (): Promise<void> => hidden.handOn(sink);
    await wholeStream({ name: innerName(container.name), content, reader, between }, sink, context);
  },
};

async function* decodeChunks(
  reader: ByteReader,
  hidden: HiddenPieces,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  if (!(await reader.peek(IDENTIFIER.length)).equals(IDENTIFIER)) throw new Damaged('no Snappy stream');
  for (;;) {
    signal.throwIfAborted();
    const head = await reader.exactly(4);
    if (head.length === 0) return;
    if (head.length < 4) throw new Damaged('cut off in the header of a chunk');
    const kind = head.readUInt8(0);
    const size = head.readUIntLE(1, 3);
    if (kind === CHUNK.compressed || kind === CHUNK.plain) {
      if (size < SUM_BYTES || size > MOST_STORED) throw new Damaged(`a chunk of ${size} bytes`);
      const chunk = await reader.exactly(size);
      if (chunk.length < size) throw new Damaged('cut off in a chunk');
      const content = decode(kind, chunk);
      if (content.length > 0) yield content;
    } else if (kind < CHUNK.firstSkippable) throw new Unsupported(`a chunk of kind ${kind}`);
    else if (!(await hidden.take(reader, size, '(skippable chunk)', PLAIN_SKIPPABLE_BYTES)))
      throw new Damaged('cut off in a skippable chunk');
  }
}

function decode(kind: number, chunk: Buffer): Buffer {
  const body = chunk.subarray(SUM_BYTES);
  const content = kind === CHUNK.plain ? body : decodeSnappy(body, MOST_DECODED);
  const sum = crc32c(content);
  // Masked, so that the sum of data that hold sums stays good (framing_format.txt, 3).
  const masked = (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
  if (masked !== chunk.readUInt32LE(0)) throw new Damaged('the check sum of a chunk does not match');
  return content;
}
