import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { once } from '../hidden-pieces.ts';
import { innerName } from '../inner-name.ts';
import { decodeBlock } from '../lz4-block.ts';
import { Damaged, OverBudget } from '../trouble.ts';

const MAGIC = 'mozLz40\0';
/** Behind the magic: what the one block comes to. */
const HEADER_BYTES = MAGIC.length + 4;
/** The block refers back to all of itself, so it is in memory, packed and unpacked; sessions have some MiB. */
const MOST_BYTES = 64 * 1024 * 1024;
/** No LZ4 block holds more than this for each of its bytes (LZ4 Block Format, "Match length"). */
const MOST_FOR_A_BYTE = 255;

export const unpacker: Unpacker = {
  doc: {
    name: 'Mozilla LZ4',
    description:
      'What Firefox and Thunderbird pack sessions, bookmarks and add-ons with (.jsonlz4, .mozlz4).',
    recognised: '`mozLz40` and a zero byte at 0',
    limits: ['64 MiB, packed and unpacked'],
    references: [
      'Firefox, toolkit/components/lz4/lz4.js: https://searchfox.org/mozilla-central/source/toolkit/components/lz4',
      'LZ4 Block Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md',
    ],
    limitations: [],
  },
  async unpack(container, sink) {
    const reader = new ByteReader(container.stream);
    const header = await reader.exactly(HEADER_BYTES);
    if (header.length < HEADER_BYTES) throw new Damaged('cut off in its header');
    const size = header.readUInt32LE(MAGIC.length);
    const block = await wholeBlock(reader);
    if (size > MOST_BYTES) throw new OverBudget(`it says that it comes to ${size} bytes`, { bytes: size });
    if (size > block.length * MOST_FOR_A_BYTE) throw new Damaged(`${block.length} bytes cannot hold ${size}`);
    const content = Buffer.alloc(size);
    const end = decodeBlock(block, content, 0);
    await sink.member({ name: innerName(container.name), size, content: once(content.subarray(0, end)) });
    if (end < size) throw new Damaged(`cut off: ${end} of ${size} bytes are there`, { bytes: size - end });
  },
};

async function wholeBlock(reader: ByteReader): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of reader.rest()) {
    length += part.length;
    if (length > MOST_BYTES) throw new OverBudget(`larger than ${MOST_BYTES} bytes`);
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts, length);
}
