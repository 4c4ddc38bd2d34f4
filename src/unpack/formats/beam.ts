import { ByteReader } from '../byte-reader.ts';
import type { Unpacker, FormatSink } from '../format.ts';
import { AFTER_THE_END } from '../inner-name.ts';
import { Damaged } from '../trouble.ts';
import { inflated } from '../zlib-pump.ts';

/** `FOR1`, the size of what follows, `BEAM`. */
const HEADER_BYTES = 12;
/** What the size counts of it. */
const FORM_BYTES = 4;
const CHUNK_HEADER_BYTES = 8;
/** Of literals: the size of what is packed, or 0 where it is not. */
const LITERALS = { chunk: 'LitT', head: 4 } as const;
/** A compressed term: its version, `P`, and the size of what is packed (External Term Format, 12.3). */
const TERM = { magic: Buffer.from([0x83, 0x50]), head: 6 } as const;

export const unpacker: Unpacker = {
  doc: {
    name: 'Erlang module (BEAM)',
    description:
      'Compiled Erlang and Elixir: literals, debug information and documentation in it are compressed, and are members.',
    recognised: '`FOR1` at 0 and `BEAM` at 8.',
    limits: [],
    references: ['The BEAM Book, 7: https://blog.stenmans.org/theBeamBook/'],
    limitations: ['The code itself is examined as it is stored.'],
  },
  async unpack(container, sink) {
    const reader = new ByteReader(container.stream);
    const header = await reader.exactly(HEADER_BYTES);
    let left = header.length < HEADER_BYTES ? 0 : header.readUInt32BE(4) - FORM_BYTES;
    while (left >= CHUNK_HEADER_BYTES) {
      const head = await reader.exactly(CHUNK_HEADER_BYTES);
      if (head.length < CHUNK_HEADER_BYTES || !/^[\x20-\x7e]{4}$/.test(head.toString('latin1', 0, 4)))
        throw new Damaged('cut off, or no chunk, where one should begin');
      const size = head.readUInt32BE(4);
      const padded = size + ((4 - (size % 4)) % 4);
      const end = reader.position + padded;
      await handPacked(head.toString('latin1', 0, 4), size, reader, sink);
      const missing = end - reader.position;
      if (missing < 0) throw new Damaged('a chunk that holds more than it says');
      if ((await reader.skip(missing)) < missing) throw new Damaged('a chunk is cut off');
      left -= CHUNK_HEADER_BYTES + padded;
    }
    if (await reader.skipZeros())
      await sink.member({ name: AFTER_THE_END, size: null, content: reader.rest() });
  },
};

/** Hands on what a chunk holds that is compressed. */
async function handPacked(id: string, size: number, reader: ByteReader, sink: FormatSink): Promise<void> {
  const start = await reader.peek(Math.min(size, TERM.head));
  const at = packedAt(id, start);
  if (at === null) return;
  const packed = new ByteReader(within(reader, size));
  await packed.skip(at);
  const content = inflated(packed);
  try {
    // Without `return`: leaving the loop must not end the decoder, whose check sum is at the end.
    await sink.member({
      name: id,
      size: null,
      content: { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) },
    });
    for await (const _ of content);
  } finally {
    await content.return();
  }
}

function packedAt(id: string, start: Buffer): number | null {
  if (id === LITERALS.chunk)
    return start.length >= LITERALS.head && start.readUInt32BE(0) !== 0 ? LITERALS.head : null;
  return start.length >= TERM.head && start.subarray(0, 2).equals(TERM.magic) ? TERM.head : null;
}

async function* within(reader: ByteReader, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = size; left > 0;) {
    const chunk = await reader.next(left);
    if (chunk === null) return;
    left -= chunk.length;
    yield chunk;
  }
}
