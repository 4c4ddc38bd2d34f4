import { ByteReader } from '../byte-reader.ts';
import type { Unpacker } from '../format.ts';
import { Damaged } from '../trouble.ts';
import { wholeStream } from '../whole-stream.ts';
import { inflated } from '../zlib-pump.ts';

/** Word finds the data by a length in the header, or where they always are; olevba tries the same places. */
const LENGTH_AT = 0x1e;
const AFTER_LENGTH = 46;
const USUAL = [0x32, 0x22a];
const HEADER_BYTES = 64 * 1024;

export const unpacker: Unpacker = {
  doc: {
    name: 'ActiveMime',
    description:
      'What Office keeps its macros and objects in when it saves a page (editdata.mso, in .mht files).',
    recognised: '`ActiveMime` at 0',
    limits: ['the data begin in the first 64 KiB'],
    references: ['oletools: https://github.com/decalage2/oletools'],
    limitations: [],
  },
  async unpack(container, sink, context) {
    const reader = new ByteReader(container.stream);
    const head = await reader.peek(HEADER_BYTES);
    const told = LENGTH_AT + 2 <= head.length ? [head.readUInt16LE(LENGTH_AT) + AFTER_LENGTH] : [];
    const start = [...told, ...USUAL].find((at) => beginsZlib(head, at));
    if (start === undefined) throw new Damaged('where its data begin was not found');
    await reader.skip(start);
    await wholeStream({ name: '(decoded)', content: inflated(reader), reader }, sink, context);
  },
};

/** RFC 1950, 2.2. */
function beginsZlib(head: Buffer, at: number): boolean {
  return at + 2 <= head.length && head[at] === 0x78 && head.readUInt16BE(at) % 31 === 0;
}
